// Package servicenow is a local ServiceNow: the Scorecards API as it is documented, its sign-ins,
// and its faults.
//
// It imports nothing of the product. What the documentation leaves open can be switched.
package servicenow

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options make an instance.
type Options struct {
	// Now is the instance's clock; time.Now when nil.
	Now func() time.Time
	// Name stands in links: "acme" for https://acme.service-now.com.
	Name string
}

// Instance is one ServiceNow, an http.Handler.
type Instance struct {
	now  func() time.Time
	name string

	mu         sync.Mutex
	order      []string // indicators as they were added
	scorecards map[string]*Scorecard
	users      map[string]*User
	keys       map[string]string // API key → user name
	faults     []*Fault
	calls      []Call
	watchers   map[chan struct{}]bool
	latency    time.Duration
	batchQuota time.Duration
	oauth      oauth
}

// User can sign in.
type User struct {
	Name     string
	Password string
	Roles    []string // "pa_viewer"
	Locked   bool
	failed   int
}

// New makes an empty instance that keeps a record of its calls.
func New(o Options) *Instance {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Name == "" {
		o.Name = "sandbox"
	}
	return &Instance{
		now: o.Now, name: o.Name, scorecards: map[string]*Scorecard{}, users: map[string]*User{},
		keys: map[string]string{}, watchers: map[chan struct{}]bool{}, batchQuota: batchQuota,
	}
}

// AddUser lets somebody sign in with Basic Auth.
func (i *Instance) AddUser(name, password string, roles ...string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.users[name] = &User{Name: name, Password: password, Roles: roles}
}

// AddKey makes a REST API key that acts as a user.
func (i *Instance) AddKey(key, user string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys[key] = user
}

// SetPassword changes a user's password and lifts a lock.
func (i *Instance) SetPassword(name, password string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if u, ok := i.users[name]; ok {
		u.Password, u.Locked, u.failed = password, false, 0
	}
}

// SetRoles gives a user these roles and no others.
func (i *Instance) SetRoles(name string, roles ...string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if u, ok := i.users[name]; ok {
		u.Roles = roles
	}
}

// lockAfter is ServiceNow's usual limit of wrong passwords.
const lockAfter = 5

// signIn is the user of a request, or nil. A locked account refuses the right password too.
func (i *Instance) signIn(r *http.Request) *User {
	if key := r.Header.Get("x-sn-apikey"); key != "" {
		return i.users[i.keys[key]]
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		return i.bearer(r)
	}
	u := i.users[name]
	if u == nil {
		return nil
	}
	if u.Password != password {
		if u.failed++; u.failed >= lockAfter {
			u.Locked = true
		}
		return nil
	}
	if u.Locked {
		return nil
	}
	u.failed = 0
	return u
}

// ServeHTTP answers as the instance would.
func (i *Instance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	out := &recorder{ResponseWriter: w, status: http.StatusOK}
	w.Header().Set("Date", i.now().UTC().Format(http.TimeFormat))
	i.mu.Lock()
	latency := i.latency
	i.mu.Unlock()
	if latency > 0 {
		select {
		case <-time.After(latency):
		case <-r.Context().Done():
			return
		}
	}
	items := i.serve(out, r)
	i.record(r, out.status, items, time.Since(began))
}

type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// serve answers one call, and says how many requests it held.
func (i *Instance) serve(w *recorder, r *http.Request) (items int) {
	if f := i.fault(r); f != nil && f.answer(w, r, i) {
		return 1
	}
	if i.oauthPaths(w, r) {
		return 1
	}
	api := apiOf(r)
	if api == "" {
		failure(w, http.StatusBadRequest, "Requested URI does not represent any resource", nil)
		return 1
	}
	i.mu.Lock()
	user := i.signIn(r)
	i.mu.Unlock()
	if user == nil {
		w.Header().Set("WWW-Authenticate", `Basic realm="Service-now"`)
		failure(w, http.StatusUnauthorized, "User Not Authenticated", "Required to provide Auth information")
		return 1
	}
	if api == BatchAPI {
		return i.batch(w, r)
	}
	switch {
	case api == usersAPI:
		i.ownRow(w, r, user)
	case r.Method != http.MethodGet:
		failure(w, http.StatusMethodNotAllowed, "Method not supported", nil)
	case !has(user.Roles, "pa_viewer") && !has(user.Roles, "admin"):
		failure(w, http.StatusForbidden, "User Not Authorized", nil)
	default:
		i.list(w, r, user)
	}
	return 1
}

// The APIs that an instance has, by their paths without version.
const (
	ScorecardsAPI = "pa/scorecards"
	BatchAPI      = "batch"
)

// apiOf is the API that a request is for, or nothing: /api/now/batch and /api/now/v1/batch are one.
func apiOf(r *http.Request) string {
	path, ok := strings.CutPrefix(r.URL.Path, "/api/now/")
	if version, rest, has := strings.Cut(path, "/"); has && len(version) > 1 && version[0] == 'v' && strings.Trim(version[1:], "0123456789") == "" {
		path = rest
	}
	if !ok || path != ScorecardsAPI && path != BatchAPI && path != usersAPI {
		return ""
	}
	return path
}

func has(roles []string, role string) bool {
	for _, r := range roles {
		if r == role {
			return true
		}
	}
	return false
}

// failure is ServiceNow's error envelope.
func failure(w http.ResponseWriter, status int, message string, detail any) {
	answer(w, status, map[string]any{"error": map[string]any{"message": message, "detail": detail}, "status": "failure"})
}

func answer(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, status, raw)
}

func send(w http.ResponseWriter, status int, raw []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json;charset=UTF-8")
	h.Set("Cache-Control", "no-cache,no-store,must-revalidate,max-age=-1")
	h.Set("Pragma", "no-store,no-cache")
	h.Set("Expires", "0")
	h.Set("X-Is-Logged-In", strconv.FormatBool(status < 400))
	// A cookie would bind later calls to this session; a good client keeps none.
	h.Add("Set-Cookie", "JSESSIONID=0123456789ABCDEF; Path=/; HttpOnly; SameSite=None; Secure")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}
