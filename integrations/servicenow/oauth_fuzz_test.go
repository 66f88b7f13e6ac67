package servicenow

import (
	"encoding/json"
	"net/http"
	"testing"
)

// Whatever a token endpoint answers: it is refused in words, or what the library gets is JSON that it can
// read.
func FuzzTokens(f *testing.F) {
	for _, seed := range []string{
		`{"access_token":"a","refresh_token":"r","expires_in":1800,"token_type":"Bearer"}`, `{"access_token":"a","expires_in":"1800"}`, `{"access_token":"a","expires_in":1e12}`,
		`{"access_token":"a","expires_in":-1}`, `{"error":"invalid_grant"}`, `<html>asleep</html>`, `null`, `[]`, ``, `{"access_token":null}`, `{"access_token":"a","access_token":"b"}`,
	} {
		f.Add(200, "application/json", []byte(seed))
	}
	f.Add(401, "application/json", []byte(`{"error":"server_error"}`))
	f.Add(400, "text/html", []byte(`{"error":"x"}`))
	f.Add(429, "", []byte(``))
	f.Fuzz(func(t *testing.T, status int, kind string, body []byte) {
		d := &tokenDoor{refused: "consent_over"}
		problem := d.sorted(&http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}}, body, false, nil)
		if problem == nil {
			var clean []byte
			if clean, problem = members(body); problem == nil {
				var token struct {
					AccessToken string `json:"access_token"`
					ExpiresIn   int64  `json:"expires_in"`
				}
				if err := json.Unmarshal(clean, &token); err != nil {
					t.Errorf("%q became %q: %v", body, clean, err)
				}
				return
			}
		}
		if problem.Says == "" || problem.Next == "" {
			t.Errorf("%d %q: %+v says nothing", status, body, problem)
		}
	})
}
