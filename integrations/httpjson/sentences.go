package httpjson

import "okrbot/integrations"

// sentence is what is said about one cause: what happened, what to do next, and whether another
// try within minutes makes sense.
type sentence struct {
	class      integrations.Class
	says, next string
	brief      bool
}

const (
	byItself    = "It usually passes by itself."
	chooseAgain = "Look at the document, or choose another number with `/okr edit`."
)

// sentences has every cause. Nothing the other side sent is ever put into one.
var sentences = map[string]sentence{
	// The sign-in.
	"wrong_secret": {integrations.Unauthorized, "The document's server refused our sign-in.",
		"Check that the token or header is right and has not expired, then `/okr connect` again.", false},
	"sign_in_wanted": {integrations.Unauthorized, "The document's server wants a sign-in, and this connection has none.",
		"Use `/okr connect` again with a bearer token or a header.", false},
	"incomplete": {integrations.Unauthorized, "The sign-in of this connection is incomplete.",
		"Enter all its fields with `/okr connect`.", false},
	"secret_characters": {integrations.Unauthorized, "The secret holds characters that no header can carry.",
		"Copy it again, without line ends, then `/okr connect` again.", false},
	"header_name": {integrations.Unauthorized, "The header's name is not one that HTTP knows.",
		"Use letters, digits and hyphens, such as X-API-Key, with `/okr connect`.", false},
	"header_kept": {integrations.Unauthorized, "A header of this name is no sign-in, so okrbot does not send it.",
		"Use the header that the document's server names for its key, with `/okr connect`.", false},
	"forbidden": {integrations.Forbidden, "The document's server does not let us read it.",
		"Ask whoever runs it to allow this sign-in, and the address that okrbot comes from.", false},

	// Whether it answers.
	"no_document": {integrations.NotFound, "There is no document at this address.",
		"Check the address in a browser; where it has moved, `/okr connect` the new one.", false},
	"redirect": {integrations.Unavailable, "The address redirects us, perhaps to a sign-in page. We did not follow.",
		"Connect the address that it leads to with `/okr connect`.", false},
	"login_page": {integrations.Unavailable, "The address answered with a sign-in page instead of JSON.",
		"Choose a way to sign in with `/okr connect`.", false},
	"not_json": {integrations.Unavailable, "The address answered with something that does not call itself JSON.",
		"Check the address. The server must send it as application/json.", true},
	"server_error": {integrations.Unavailable, "The document's server has an error of its own.",
		byItself, true},
	"too_slow": {integrations.Unavailable, "The document's server did not answer in time.",
		byItself, true},
	"truncated": {integrations.Unavailable, "The document broke off, so none of it was taken.",
		byItself, true},
	"unreachable": {integrations.Unavailable, "The document's server cannot be reached.",
		"Check the address. " + byItself, true},
	"no_such_host": {integrations.Unavailable, "There is no host of this name.",
		"Check the address.", true},
	"lookup_failed": {integrations.Unavailable, "The host's name could not be looked up just now.",
		byItself, true},
	"address_not_allowed": {integrations.Unavailable, "okrbot does not connect to this address.",
		"Check it, or ask okrbot's administrator about HTTP_JSON_ORIGINS.", false},
	"address_secret": {integrations.Unavailable, "This connection's address holds what looks like a secret, so okrbot does not ask for it any more.",
		"`/okr connect` it again without the secret, by *Header* where the server takes it so. Then choose the new connection with `/okr edit`.", false},
	"address_semicolon": {integrations.Unavailable, "This connection's address has a semicolon in its query, so okrbot does not ask for it any more.",
		"`/okr connect` it again with & between its parameters, and a semicolon in one as %3B, then choose the new connection with `/okr edit`.", false},

	// Its certificate.
	"certificate_expired": {integrations.Unavailable, "The server's certificate has expired or is not valid yet.",
		"Ask whoever runs it to renew it.", false},
	"certificate_host": {integrations.Unavailable, "The certificate at this address is another host's.",
		"Check the address.", false},
	"certificate_unknown": {integrations.Unavailable, "The certificate at this address is signed by nobody we know.",
		"Ask whoever runs it for a public certificate, or okrbot's administrator for adding your authority to the system.", false},
	"certificate_bad": {integrations.Unavailable, "The certificate at this address is not acceptable.",
		"Ask whoever runs it to renew it.", false},
	"tls": {integrations.Unavailable, "No secure connection can be made to this address.",
		"Check the address; TLS 1.2 or later is needed.", false},

	"rate_limit": {integrations.RateLimited, "The document's server asked us to wait: too many requests.",
		"We go on by ourselves when the wait is over.", false},

	// What it says.
	"nothing_there": {integrations.NotFound, "There is nothing at this pointer in the document.",
		chooseAgain, false},
	"no_numbers": {integrations.NoData, "The document holds no number.",
		"Check that this is the right document.", false},
	"not_a_number": {integrations.Misread, "What is at this pointer is not a number.",
		"Nothing was taken. " + chooseAgain, false},
	"nan": {integrations.Misread, "The number is NaN: what counts it had nothing to count, or divided by zero.",
		"Nothing was taken. " + chooseAgain, false},
	"infinite": {integrations.Misread, "The number is infinite: what counts it divided by zero.",
		"Nothing was taken. " + chooseAgain, false},
	"localized_number": {integrations.Misread, "The number is written for people, with separators, a unit or other digits, and we do not guess what it means.",
		"Nothing was taken. Have the document hold a plain number, or choose another one with `/okr edit`.", false},
	"number_too_large": {integrations.Misread, "The number is too large: it has more than 18 digits before its point.",
		"Nothing was taken. " + chooseAgain, false},
	"number_too_small": {integrations.Misread, "The number is smaller than we can keep: it is not 0, but its first nine decimals are.",
		"Nothing was taken. Have the document count in a smaller unit, or choose another number with `/okr edit`.", false},
	"not_a_series": {integrations.Misread, "The list at this pointer is not one of dates with values.",
		"Nothing was taken. Each element needs a date and a value, such as {\"date\": \"2026-11-22\", \"value\": 39}.", false},
	"inconsistent": {integrations.Misread, "The series has two different values for one moment.",
		"Nothing was taken. Look at the document.", true},
	"malformed": {integrations.Misread, "The document is not JSON with one reading: a name twice in an object, text after the end, or not UTF-8.",
		"Nothing was taken. Put the document right.", true},
	"bad_gzip": {integrations.Misread, "The document is packed in a way that we cannot unpack.",
		"Nothing was taken. " + byItself, true},
	"too_large": {integrations.Misread, "The document is larger than 2 MiB.",
		"Nothing was taken. Connect a smaller one with `/okr connect`.", false},
	"unexpected_status": {integrations.Misread, "The document's server answered with a status that we do not understand.",
		"Nothing was taken. Check the address. " + byItself, true},
}

// say makes the error of a cause. A cause without a sentence is a mistake that a test finds.
func say(cause string) *integrations.Error {
	s := sentences[cause]
	return &integrations.Error{Class: s.class, Cause: cause, Says: s.says, Next: s.next, Brief: s.brief}
}

// told is the error of a cause, and none where there is no cause.
func told(cause string) *integrations.Error {
	if cause == "" {
		return nil
	}
	return say(cause)
}
