package desk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/slack-go/slack"

	"okrbot/jobs"
)

// classes says of each error that Slack documents for the methods we call what it means for what
// was to be delivered. An error that is not here is ambiguous.
var classes = map[string]jobs.Delivery{}

func init() {
	for class, codes := range map[jobs.Delivery]string{
		// Surely not sent, and worth another try.
		jobs.NotSent: `ratelimited rate_limited service_unavailable team_added_to_org accesslimited external_channel_migrating
			request_timeout account_inactive token_revoked invalid_auth`, // the last three: until it is installed again
		// Slack will not take it, however often it is tried.
		jobs.Permanent: `is_archived channel_not_found not_in_channel token_expired
			message_limit_exceeded restricted_action restricted_action_read_only_channel restricted_action_thread_only_channel
			restricted_action_non_threadable_channel restricted_action_thread_locked user_not_found users_not_found
			user_not_visible user_disabled user_not_in_channel cannot_dm_bot messages_tab_disabled team_access_not_granted
			not_authed missing_scope no_permission not_allowed_token_type org_login_required ekm_access_denied
			enterprise_is_restricted access_denied as_user_not_supported duplicate_channel_not_found duplicate_message_not_found
			invalid_blocks invalid_blocks_format invalid_metadata_format invalid_metadata_schema metadata_must_be_sent_from_app
			metadata_too_large msg_blocks_too_long msg_too_long no_text too_many_attachments too_many_contact_cards
			cannot_reply_to_message missing_file_data attachment_payload_limit_exceeded markdown_text_conflict block_mismatch
			slack_connect_blocked_file_type slack_connect_canvas_sharing_blocked slack_connect_clip_sharing_blocked
			slack_connect_file_link_sharing_blocked slack_connect_file_upload_sharing_blocked slack_connect_lists_sharing_blocked
			invalid_arguments invalid_arg_name invalid_array_arg invalid_charset invalid_form_data invalid_post_type
			missing_post_type method_deprecated deprecated_endpoint two_factor_setup_required unknown_method is_inactive
			expired_trigger_id exchanged_trigger_id invalid_trigger_id push_limit_reached view_too_large hash_conflict
			duplicate_external_id not_enabled not_found invalid_view response_url_elsewhere used_url expired_url
			invalid_users users_list_not_supplied not_enough_users too_many_users method_not_supported_for_channel_type
			team_not_found comment_required as_user_not_allowed invalid_user_combination limit_required missing_argument
			file_uploads_disabled file_upload_size_restricted storage_limit_reached blocked_file_type posting_to_channel_denied
			upload_url_elsewhere`,
		// The message that was to be changed is no more.
		jobs.Gone: `message_not_found cant_update_message edit_window_closed cant_broadcast_message`,
		// Something may have happened. A file that is not found was lost on its way, or shown already.
		jobs.Ambiguous: `fatal_error internal_error file_not_found`,
	} {
		for _, code := range strings.Fields(codes) {
			classes[code] = class
		}
	}
}

// limited is the code of what Slack asks to wait with.
const limited = "ratelimited"

// notInstalled is the code of what was not sent because the app is not installed.
const notInstalled = "not_installed"

// undelivered types an error of Slack or of the way to it.
func undelivered(err error) error {
	if err == nil {
		return nil
	}
	var wait *slack.RateLimitedError
	var refused slack.SlackErrorResponse
	var status slack.StatusCodeError
	var dns *net.DNSError
	switch {
	case errors.Is(err, errUninstalled):
		return &jobs.Undelivered{Kind: jobs.NotSent, Code: notInstalled, After: askInstalled}
	case errors.As(err, &refused) && uninstalled[refused.Err]:
		return &jobs.Undelivered{Kind: jobs.NotSent, Code: refused.Err, After: askInstalled}
	case errors.As(err, &wait):
		return &jobs.Undelivered{Kind: jobs.NotSent, Code: limited, After: wait.RetryAfter}
	case errors.As(err, &refused):
		code := refused.Err
		if code == "invalid_arguments" && strings.Contains(strings.Join(refused.ResponseMetadata.Messages, " "), "trigger_id") {
			code = "expired_trigger_id" // as older workspaces say it
		}
		return &jobs.Undelivered{Kind: classes[code], Code: code}
	case errors.As(err, &status) && status.Code == http.StatusTooManyRequests:
		return &jobs.Undelivered{Kind: jobs.NotSent, Code: limited}
	case errors.As(err, &status):
		kind := jobs.Ambiguous
		if status.Code < http.StatusInternalServerError { // nobody did it: a proxy in between refused or redirected it
			kind = jobs.NotSent
		}
		return &jobs.Undelivered{Kind: kind, Code: fmt.Sprintf("http_%d", status.Code)}
	case errors.As(err, &dns), errors.Is(err, syscall.ECONNREFUSED):
		return &jobs.Undelivered{Kind: jobs.NotSent, Code: "unreachable"}
	case errors.Is(err, context.Canceled):
		return &jobs.Undelivered{Kind: jobs.Ambiguous, Code: "cancelled"}
	}
	return &jobs.Undelivered{Kind: jobs.Ambiguous, Code: "no_answer"}
}

// CodeOf is Slack's word for why something failed; empty when nothing did.
func CodeOf(err error) string {
	var u *jobs.Undelivered
	if errors.As(err, &u) {
		return u.Code
	}
	return ""
}
