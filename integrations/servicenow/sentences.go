package servicenow

import "okrbot/integrations"

// sentence is what is said about one cause: what happened, what to do next, and whether another
// try within minutes makes sense.
type sentence struct {
	class      integrations.Class
	says, next string
	brief      bool
}

const byItself = "It usually passes by itself."

// sentences has every cause. Nothing the other side sent is ever put into one.
var sentences = map[string]sentence{
	// The sign-in.
	"wrong_password": {integrations.Unauthorized, "ServiceNow refused our sign-in.",
		"Usual causes: (1) a wrong password: try it in a browser; (2) Basic Auth is restricted: ask for the role `snc_basic_auth_api_access`; (3) the user must use MFA: choose one without; (4) a role is missing, or an API access policy forbids it. Then `/okr connect` again.", false},
	"mfa": {integrations.Unauthorized, "ServiceNow asks this user for a second factor (MFA), which a bot does not have.",
		"Ask for a user without MFA for integrations, or use a Personal Access Token. Then `/okr connect` again.", false},
	"wrong_key": {integrations.Unauthorized, "ServiceNow refused our REST API key.",
		"Check that it is active and not expired, and that a REST API access policy allows it for the Scorecards API. Then `/okr connect` again.", false},
	"incomplete": {integrations.Unauthorized, "The sign-in of this connection is incomplete.",
		"Enter all its fields with `/okr connect`.", false},
	"key_characters": {integrations.Unauthorized, "The REST API key holds characters that no key has.",
		"Copy it again from ServiceNow, without spaces or line ends, then `/okr connect` again.", false},
	"token_refused": {integrations.Unauthorized, "ServiceNow refused the access that somebody allowed by OAuth.",
		"Ask its administrator whether the user's roles and the REST API access policy allow it for the Scorecards API. Then connect again, or press *Reconnect* under `/okr connections`.", false},
	"consent_over": {integrations.Unauthorized, "ServiceNow gives no new access any more: it was revoked, its client was changed, or its 100 days are over.",
		"Reconnect it under `/okr connections`.", false},
	"consent_refused": {integrations.Unauthorized, "ServiceNow refused to give access, and says why only in its own log.",
		"Usual causes: the Client Secret is wrong, the client is inactive, its redirect URL is another one, or the user is locked. Ask its administrator to look at the client, then `/okr connect` again; there an administrator of this workspace can enter the client again.", false},
	"public_client": {integrations.Unauthorized, "ServiceNow gave access for half an hour only, without the means to renew it.",
		"The client is registered as public: ask its administrator to take the tick from *This is a public client*, then `/okr connect` again.", false},
	"no_token_endpoint": {integrations.Unavailable, "This instance does not give access by OAuth.",
		"Ask its administrator whether the plugin OAuth 2.0 is active.", false},

	// What the account may.
	"role": {integrations.Forbidden, "ServiceNow lets us sign in, but not read scorecards.",
		"Ask its administrator for the role `pa_viewer`, and for the scorecard's own roles where it has some.", false},
	"scorecard_role": {integrations.Forbidden, "ServiceNow lets us sign in, but not read this scorecard.",
		"Ask its administrator for the scorecard's own roles, and for `pa_viewer` where the user lacks it.", false},
	"scope": {integrations.Forbidden, "ServiceNow lets us sign in, but the Scorecards API is bound to an access scope that this sign-in lacks.",
		"Ask its administrator to allow it in the API access policy.", false},
	"blocked": {integrations.Forbidden, "Something before ServiceNow refuses us, such as its list of allowed addresses.",
		"Ask its administrator to allow the address that okrbot comes from.", false},
	"nothing_visible": {integrations.Forbidden, "The sign-in works, but no scorecard is visible to it.",
		"Ask ServiceNow's administrator for the role `pa_viewer`, and whether scorecards are shown on the Analytics Hub.", false},
	"no_endpoint": {integrations.Unavailable, "This instance has no Scorecards API.",
		"Ask its administrator whether Performance Analytics is active.", false},
	"not_visible": {integrations.NotFound, "The scorecard was not found, or is not visible to this sign-in; ServiceNow does not tell the two apart.",
		"Check in ServiceNow that it exists and who may see it, or choose another one with `/okr edit`.", false},

	// Whether it answers.
	"asleep": {integrations.Unavailable, "ServiceNow is asleep: this developer instance hibernates.",
		"Wake it at developer.servicenow.com, then sync again.", false},
	"offline": {integrations.Unavailable, "ServiceNow says that the instance is offline, for an upgrade or a restart.",
		byItself, true},
	"login_page": {integrations.Unavailable, "ServiceNow answered with a sign-in page instead of data.",
		"Check the address, and whether the instance hibernates or wants single sign-on for its API.", false},
	"redirect": {integrations.Unavailable, "The instance redirects us, probably to single sign-on (SSO). We did not follow.",
		"Check the address; ask its administrator to let the Scorecards API sign in without SSO.", false},
	"not_json": {integrations.Unavailable, "Something answered with a page instead of data, perhaps a proxy.",
		"Check the address. " + byItself, true},
	"server_error": {integrations.Unavailable, "ServiceNow has an error of its own.",
		byItself, true},
	"cancelled": {integrations.Unavailable, "ServiceNow cancelled our question because it took too long there.",
		byItself, true},
	"error_envelope": {integrations.Unavailable, "ServiceNow answered with an error instead of data.",
		byItself, true},
	"too_slow": {integrations.Unavailable, "ServiceNow did not answer in time.",
		byItself, true},
	"truncated": {integrations.Unavailable, "ServiceNow's answer broke off, so none of it was taken.",
		byItself, true},
	"unreachable": {integrations.Unavailable, "The instance cannot be reached.",
		"Check the address. " + byItself, true},
	"no_such_host": {integrations.Unavailable, "There is no instance at this address.",
		"Check its name.", true},
	"lookup_failed": {integrations.Unavailable, "The instance's name could not be looked up just now.",
		byItself, true},
	"address_not_allowed": {integrations.Unavailable, "okrbot does not connect to this address.",
		"Check its name, or ask okrbot's administrator about SERVICENOW_EXTRA_HOSTS.", false},

	// Its certificate.
	"certificate_expired": {integrations.Unavailable, "The instance's certificate has expired or is not valid yet.",
		"Ask its administrator to renew it.", false},
	"certificate_host": {integrations.Unavailable, "The certificate at this address is another host's.",
		"Check the address.", false},
	"certificate_unknown": {integrations.Unavailable, "The certificate at this address is signed by nobody we know.",
		"Ask its administrator for a public certificate, or okrbot's for adding your authority to the system.", false},
	"certificate_bad": {integrations.Unavailable, "The certificate at this address is not acceptable.",
		"Ask its administrator to renew it.", false},
	"tls": {integrations.Unavailable, "No secure connection can be made to this address.",
		"Check the address; TLS 1.2 or later is needed.", false},

	"rate_limit": {integrations.RateLimited, "ServiceNow asked us to wait: too many requests.",
		"We go on by ourselves when the wait is over.", false},

	// What it says.
	"foreign_result": {integrations.Misread, "ServiceNow answered with another scorecard than the one asked for.",
		"Nothing was taken. Choose the scorecard again with `/okr edit`.", false},
	"not_a_number": {integrations.Misread, "The scorecard's value is not a number.",
		"Nothing was taken. Ask ServiceNow's administrator to look at its scores.", false},
	"nan": {integrations.Misread, "The scorecard's value is NaN: its formula has nothing to count, or divides by zero.",
		"Nothing was taken. Ask ServiceNow's administrator to look at the indicator's formula.", false},
	"infinite": {integrations.Misread, "The scorecard's value is infinite: its formula divides by zero.",
		"Nothing was taken. Ask ServiceNow's administrator to look at the indicator's formula.", false},
	"localized_number": {integrations.Misread, "The scorecard's value is written for people, with separators, a unit or other digits, and we do not guess what it means.",
		"Nothing was taken. Ask ServiceNow's administrator to look at its scores.", false},
	"number_too_large": {integrations.Misread, "The scorecard's value is too large: it has more than 18 digits before its point.",
		"Nothing was taken. Ask ServiceNow's administrator to look at its scores.", false},
	"number_too_small": {integrations.Misread, "The scorecard's value is smaller than we can keep: it is not 0, but its first nine decimals are.",
		"Nothing was taken. Ask ServiceNow's administrator to have the indicator count in a smaller unit.", false},
	"inconsistent": {integrations.Misread, "The scorecard's value and its newest score differ.",
		"Nothing was taken. " + byItself, true},
	"malformed": {integrations.Misread, "ServiceNow's answer is not one that we understand.",
		"Nothing was taken. " + byItself, true},
	"bad_gzip": {integrations.Misread, "ServiceNow's answer is packed in a way that we cannot unpack.",
		"Nothing was taken. " + byItself, true},
	"too_large": {integrations.Misread, "ServiceNow's answer is larger than any scorecard's.",
		"Nothing was taken. Choose another scorecard with `/okr edit`.", false},
	"too_many_elements": {integrations.Misread, "The breakdown has more elements than okrbot can list.",
		"Choose another breakdown, or the whole scorecard.", false},
	"unexpected_status": {integrations.Misread, "ServiceNow answered in a way that its documentation does not know.",
		byItself, true},
}

// say makes the error of a cause. A cause without a sentence is a mistake that a test finds.
func say(cause string) *integrations.Error {
	s := sentences[cause]
	return &integrations.Error{Class: s.class, Cause: cause, Says: s.says, Next: s.next, Brief: s.brief}
}
