package desk

import (
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"okrbot/jobs"
)

// documented are the errors that Slack's reference names for chat.postMessage and chat.update.
const documented = `as_user_not_supported attachment_payload_limit_exceeded cannot_reply_to_message channel_not_found
	duplicate_channel_not_found duplicate_message_not_found ekm_access_denied invalid_blocks invalid_blocks_format
	invalid_metadata_format invalid_metadata_schema is_archived markdown_text_conflict message_limit_exceeded
	messages_tab_disabled metadata_must_be_sent_from_app metadata_too_large missing_file_data missing_post_type
	msg_blocks_too_long no_text not_in_channel rate_limited restricted_action restricted_action_non_threadable_channel
	restricted_action_read_only_channel restricted_action_thread_locked restricted_action_thread_only_channel
	slack_connect_canvas_sharing_blocked slack_connect_file_link_sharing_blocked slack_connect_lists_sharing_blocked
	team_access_not_granted too_many_attachments too_many_contact_cards access_denied account_inactive deprecated_endpoint
	enterprise_is_restricted invalid_auth method_deprecated missing_scope not_allowed_token_type not_authed no_permission
	org_login_required token_expired token_revoked two_factor_setup_required accesslimited fatal_error internal_error
	invalid_arg_name invalid_arguments invalid_array_arg invalid_charset invalid_form_data invalid_post_type ratelimited
	request_timeout service_unavailable team_added_to_org block_mismatch cant_broadcast_message cant_update_message
	edit_window_closed message_not_found msg_too_long`

func TestEveryDocumentedErrorHasAClass(t *testing.T) {
	for _, code := range strings.Fields(documented) {
		if _, ok := classes[code]; !ok {
			t.Errorf("%s has no class", code)
		}
	}
	for code, want := range map[string]jobs.Delivery{
		"ratelimited": jobs.NotSent, "is_archived": jobs.Permanent, "channel_not_found": jobs.Permanent, "not_in_channel": jobs.Permanent, "account_inactive": jobs.NotSent,
		"token_revoked": jobs.NotSent, "message_limit_exceeded": jobs.Permanent, "restricted_action": jobs.Permanent, "restricted_action_read_only_channel": jobs.Permanent,
		"message_not_found": jobs.Gone, "fatal_error": jobs.Ambiguous, "of_tomorrow": jobs.Ambiguous,
	} {
		u, ok := undelivered(slack.SlackErrorResponse{Err: code}).(*jobs.Undelivered)
		if !ok || u.Kind != want {
			t.Errorf("%s is %v, want %v", code, u, want)
		}
	}
}

func TestAStatusSaysWhetherSomethingWasDone(t *testing.T) {
	for status, want := range map[int]jobs.Delivery{
		302: jobs.NotSent, 400: jobs.NotSent, 403: jobs.NotSent, 404: jobs.NotSent, 407: jobs.NotSent, 413: jobs.NotSent, 429: jobs.NotSent,
		500: jobs.Ambiguous, 502: jobs.Ambiguous, 503: jobs.Ambiguous, 504: jobs.Ambiguous,
	} {
		u, ok := undelivered(slack.StatusCodeError{Code: status}).(*jobs.Undelivered)
		if !ok || u.Kind != want {
			t.Errorf("%d is %v, want %v", status, u, want)
		}
	}
}

func TestAnswersGoToTheHostThatBelongsToTheAPI(t *testing.T) {
	for api, want := range map[string]string{
		"https://slack.com/api/": "hooks.slack.com", "https://slack-gov.com/api/": "hooks.slack-gov.com", "http://127.0.0.1:1/api/": "127.0.0.1:1",
	} {
		if got := NewSlack(SlackOptions{APIURL: api}).hooks; got != want {
			t.Errorf("beside %s answers go to %s, want %s", api, got, want)
		}
	}
}
