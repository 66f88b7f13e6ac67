package bot_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"okrbot/sandbox/document"
	"okrbot/sandbox/slack/conversation"
)

const buildPath = "/team/build.json"

// build is a document with a number, a named one, and a series.
type build struct{ failing, minutes atomic.Int64 }

func (b *build) say(now time.Time) any {
	type object = map[string]any
	var history []object
	for back := 14; back >= 1; back-- {
		history = append(history, object{"date": now.In(berlin).AddDate(0, 0, -back).Format(time.DateOnly), "value": 70 + float64(14-back)/2})
	}
	return object{
		"failing":  b.failing.Load(),
		"duration": object{"name": "Build time", "unit": "min", "value": float64(b.minutes.Load()) / 4},
		"coverage": history,
		"release":  "14", // a number in text is not listed
	}
}

// building is a room with the document behind a header.
func building(t *testing.T) (*room, *build) {
	t.Helper()
	r, b := newRoom(t, withDocuments), &build{}
	b.failing.Store(12)
	b.minutes.Store(124)
	r.web.Put(buildPath, document.Document{Make: b.say, Header: "X-Api-Key", Secret: "key-canary"})
	return r, b
}

// connectsDocument connects the document by its header.
func (r *room) connectsDocument(p *conversation.Person) {
	r.t.Helper()
	p.Types("/okr connect").
		Chooses("System", "HTTP JSON").
		Fills("Document URL", r.origin+buildPath+"?branch=main").
		Chooses("Sign in with", "Header").
		Fills("Header name", "X-API-Key").
		Fills("Header value", "key-canary").
		Submits("Connect").
		Sees("is connected", "*TLS*  not encrypted: the address is http", "*Document*", "*One score*").
		Closes()
	// Until then a search asks the document, and on a busy machine there is not always time for that.
	r.until("the list being read", r.stored("select bool_and(directory_at is not null) from connections"))
}

// stored asks a question about what is stored.
func (r *room) stored(question string) func() bool {
	return func() (yes bool) {
		r.t.Helper()
		if err := r.database().QueryRow(r.t.Context(), question).Scan(&yes); err != nil {
			r.t.Fatal(err)
		}
		return yes
	}
}

func TestAKeyResultFollowsANumberOfADocument(t *testing.T) {
	r, b := building(t)
	r.connectsDocument(r.alice)
	r.addsObjective(r.alice, "Builds one can trust")
	r.alice.Types("/okr add-kr").
		Fills("Key Result", "Fewer failing tests").
		Chooses("Pull data from external applications", "HTTP JSON").
		Submits("Next").
		Sees(buildPath+"?branch=main").
		Chooses("Scorecard", "/failing").
		Presses("Preview results").
		Sees("*12*  score of", "HTTP JSON's target").
		Submits("Connect").
		Sees("Start Value: 12").
		Fills("Target Value", "2").
		Submits("Save").
		Sees("is added").
		Closes()
	r.alice.Sees("*KR-1* Fewer failing tests", "score of", "[Sync Integration Data]")

	b.failing.Store(9)
	r.laterDays(1)
	r.alice.Presses("Sync Integration Data").Sees("Syncing KR-1", "12 → 9", "progress 30 %")
	r.bob.Sees("12 → 9") // in the channel
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1").Sees("no newer score in HTTP JSON since")
	r.later(time.Minute)
	b.failing.Store(8) // later on the same day
	r.alice.Types("/okr sync KR-1").Sees("9 → 8")
}

// Whatever is said of a system is said in its own name.
func TestADocumentIsNotCalledServiceNow(t *testing.T) {
	r, b := building(t)
	r.connectsDocument(r.alice)
	r.addsObjective(r.alice, "Builds one can trust")
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer failing tests").
		Chooses("Pull data from external applications", "HTTP JSON").Submits("Next").Sees("Scorecard: ")
	r.offers("no such, thing", "Nothing by that name", "another word")
	r.alice.Chooses("Scorecard", "Nothing by that name").
		Sees("Or type the pointer of a number in full, such as /totals/open").DoesNotSee("ServiceNow")
	r.alice.Chooses("Scorecard", "/failing").Submits("Connect").Fills("Target Value", "2").Submits("Save").Sees("is added").Closes()
	r.alice.Sees("*KR-1* Fewer failing tests", "*12* · ") // the card, with the first score
	b.failing.Store(9)
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1").Sees("12 → 9")
	r.alice.Types("/okr sync KR-1").Sees("HTTP JSON was asked about KR-1 a moment ago. Try again in")
	r.alice.Types("/okr sync all").Sees("We asked for all of yours a moment ago. Try again in").DoesNotSee("ServiceNow")
	for _, words := range []string{"HTTP JSON", "http-json https://builds.example", "<https://builds.example> `HTTP JSON`"} {
		r.alice.Types("/okr connect " + words).Sees("System: HTTP JSON").Closes()
	}
	r.alice.Types("/okr help").Sees("from scorecards in ServiceNow or HTTP JSON", "connect ServiceNow or HTTP JSON", "read from ServiceNow or HTTP JSON now")
	r.bob.GoesHome().SeesHome("[Connect ServiceNow or HTTP JSON]")
}

func TestADocumentsSeriesBringsItsHistory(t *testing.T) {
	r, b := building(t)
	r.connectsDocument(r.alice)
	r.addsObjective(r.alice, "Builds one can trust")
	start := func(title string) *conversation.Person {
		return r.alice.Types("/okr add-kr").Fills("Key Result", title).Chooses("Pull data from external applications", "HTTP JSON").Submits("Next")
	}
	start("More coverage").Chooses("Scorecard", "/coverage").Presses("Preview results").Sees("Last 12 scores", "76.5").
		Submits("Connect").Fills("Target Value", "90").Submits("Save").Sees("is added").Closes()
	start("Shorter builds").Chooses("Scorecard", "Build time (/duration/value)").Submits("Connect").
		Sees("Unit of Measurement: min").Fills("Target Value", "10").Submits("Save").Sees("is added").Closes()
	r.isRead()
	r.alice.Sees("*KR-1* More coverage", "*KR-2* Shorter builds")

	// One request reads both. A value with more decimals than the first is shown as it is.
	r.later(time.Minute)
	b.minutes.Store(119)
	before := len(r.web.Calls())
	r.alice.Types("/okr sync all").Sees("Synced 2 key results", "31 min → 29.75 min")
	if made := len(r.web.Calls()) - before; made != 1 {
		t.Errorf("%d requests for two numbers of one document", made)
	}
	for _, call := range r.web.Calls() {
		if call.Path != buildPath+"?branch=main" || call.Header.Get("Cookie") != "" {
			t.Errorf("it asked for %s with the cookie %q", call.Path, call.Header.Get("Cookie"))
		}
	}
}

func TestBothSystemsAreOfferedSideBySide(t *testing.T) {
	r, _ := building(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Builds one can trust")
	// The way there and back: a document is connected on a detour, which asks for no system.
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer failing tests").
		Chooses("Pull data from external applications", "HTTP JSON").Submits("Next").
		Sees("You have no connection to HTTP JSON yet").Presses("New connection").
		Sees("Document URL").DoesNotSee("System: ")
	r.alice.Fills("Document URL", r.origin+buildPath).Chooses("Sign in with", "Header").
		Fills("Header name", "X-API-Key").Fills("Header value", "wrong").Submits("Connect").
		Sees("The document's server refused our sign-in", "Nothing was stored")
	r.alice.Fills("Header value", "key-canary").Submits("Connect").Sees("is connected").Closes()
	r.alice.Chooses("Scorecard", "/failing").Presses("Preview results").Sees("*12*  score of").
		Presses("Back").Chooses("Pull data from external applications", "ServiceNow").Submits("Next").
		Chooses("Scorecard", "Number of open incidents").Presses("Preview results").Sees("ServiceNow's target").Closes()
	r.alice.Types("/okr connections").Sees(r.origin[len("http://"):]+buildPath, "okr.reader")
}

func TestANumberThatIsNotListedIsFoundByItsPointerAndStays(t *testing.T) {
	r, _ := building(t)
	r.connectsDocument(r.alice)
	r.addsObjective(r.alice, "Builds one can trust")
	r.alice.Types("/okr add-kr").Fills("Key Result", "More releases").
		Chooses("Pull data from external applications", "HTTP JSON").Submits("Next").
		Chooses("Scorecard", "/release").Submits("Connect").Fills("Target Value", "20").Submits("Save").Sees("is added").Closes()
	r.alice.Sees("*KR-1* More releases")
	r.later(25 * time.Hour) // the list is read again, and does not have it
	r.until("the list being read again", r.stored("select bool_and(directory_at > now() - interval '1 hour') from connections where kind = 'http'"))
	r.until("the number being kept", r.stored("select exists (select from scorecards where reference = '/release')"))
	r.alice.Types("/okr edit KR-1").Fills("Target Value", "25").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Types("/okr sync KR-1").Sees("KR-1")
}

func TestAHostThatAsksToWaitIsLeftAloneWhole(t *testing.T) {
	r, b := building(t)
	r.web.Put("/other.json", document.Document{Make: b.say})
	r.connectsDocument(r.alice)
	r.alice.Types("/okr connect").Chooses("System", "HTTP JSON").Fills("Document URL", r.origin+"/other.json").
		Submits("Connect").Sees("is connected").Closes()
	r.addsObjective(r.alice, "Builds one can trust")
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer failing tests").
		Chooses("Pull data from external applications", "HTTP JSON").Submits("Next").
		Chooses("Scorecard", "/failing").Submits("Connect").Fills("Target Value", "2").Submits("Save").Sees("is added").Closes()
	r.isRead()
	r.alice.Sees("*KR-1* Fewer failing tests")
	r.later(time.Minute)
	fix := r.web.Break(document.Fault{Kind: document.RateLimit, After: 600})
	r.alice.Types("/okr sync KR-1")
	r.alice.Sees("HTTP JSON asked us to wait until", "is read then, and you hear how it went")
	r.settles()
	if n := strings.Count(r.alice.Screen(), "asked us to wait until"); n != 1 { // a card would say so when it is over
		t.Errorf("the wait is told %d times:\n%s", n, r.alice.Screen())
	}
	r.until("both connections waiting", r.stored("select count(*) = 2 from connections where waiting_until > now()"))
	r.alice.Types("/okr connections").Sees("*Connections*")
	if n := strings.Count(r.alice.Screen(), "asked to wait until"); n != 2 {
		t.Errorf("%d of two connections wait:\n%s", n, r.alice.Screen())
	}
	// When the wait is over it is read by itself, and the person hears how it went.
	fix()
	b.failing.Store(9)
	r.later(11 * time.Minute)
	r.alice.Sees("12 → 9")
}

// Pointers are the same in all documents: what was read of one says nothing about the next.
func TestThePointerOfAnotherDocumentIsAnotherScorecard(t *testing.T) {
	r, _ := building(t)
	other := &build{}
	other.failing.Store(70)
	r.web.Put("/other.json", document.Document{Make: other.say})
	r.connectsDocument(r.alice)
	r.alice.Types("/okr connect").Chooses("System", "HTTP JSON").Fills("Document URL", r.origin+"/other.json").
		Submits("Connect").Sees("is connected").Closes()
	r.until("both lists being read", r.stored("select bool_and(directory_at is not null) from connections"))
	r.addsObjective(r.alice, "Builds one can trust")
	host := r.origin[len("http://"):]
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer failing tests").
		Chooses("Pull data from external applications", "HTTP JSON").Submits("Next").
		Chooses("Connection", host+buildPath+"?branch=main").Chooses("Scorecard", "/failing").Presses("Preview results").Sees("*12*  score of").
		Submits("Connect").Fills("Target Value", "2").Submits("Save").Sees("is added").Closes()
	r.isRead()
	r.alice.Types("/okr check-in KR-1").Fills("Result Value", "11").Fills("Reason", "one twice").Submits("Save").SeesNoModal().Sees("*11 (by hand)*")
	if _, err := r.database().Exec(t.Context(), `insert into readings (key_result_id, day, workspace_id, value, origin, recorded_at)
		select id, $1, workspace_id, 99, 'imported', now() from key_results`, r.day(-20).Time()); err != nil {
		t.Fatal(err)
	}
	left := "select (select count(*) from readings where origin = 'imported') + (select count(*) from key_results where override_value is not null)"
	r.alice.Types("/okr edit KR-1").Fills("Target Value", "3").Submits("Save").Sees("KR-1 is saved").Closes()
	if n := r.number(left); n != 2 {
		t.Fatalf("%d of a score that was imported and a value by hand are there while it reads the same", n)
	}

	r.alice.Types("/okr edit KR-1").Presses("Change source").Submits("Next").Sees("Scorecard: ").
		Chooses("Connection", host+"/other.json").Sees("Scorecard:   (Type a part").Chooses("Scorecard", "/failing").Presses("Preview results").Sees("*70*  score of").
		Submits("Connect").Sees("== Edit KR-1 ==", "Start Value: 70").Fills("Target Value", "3").Submits("Save").Sees("KR-1 is saved").Closes()
	if n := r.number(left); n != 0 {
		t.Errorf("%d of the scores that were imported and the value by hand are there still", n)
	}
	r.isRead()
	r.alice.Types("/okr show KR-1").Sees("*70*").Closes()
}

// What is of long before the period is no value without a date.
func TestScoresOfLongBeforeThePeriodAreSaidToBeOld(t *testing.T) {
	r, _ := building(t)
	old := r.day(-300)
	r.web.Put(buildPath, document.Document{Header: "X-Api-Key", Secret: "key-canary", Make: func(time.Time) any {
		return map[string]any{"coverage": []map[string]any{
			{"date": (old - 1).Time().Format(time.DateOnly), "value": 70}, {"date": old.Time().Format(time.DateOnly), "value": 71},
		}}
	}})
	r.connectsDocument(r.alice)
	r.addsObjective(r.alice, "Builds one can trust")
	r.alice.Types("/okr add-kr").Fills("Key Result", "More coverage").
		Chooses("Pull data from external applications", "HTTP JSON").Submits("Next").
		Chooses("Scorecard", "/coverage").Submits("Connect").Fills("Target Value", "90").Submits("Save").Sees("is added").Closes()
	r.isRead()
	r.later(time.Minute)
	r.alice.Types("/okr sync KR-1")
	r.alice.Sees("its newest score, of " + old.Short(r.day(0)) + ", is from before the period").DoesNotSee("without a date")
}

func TestADocumentsAddressAndHeaderAreLookedAt(t *testing.T) {
	r, _ := building(t)
	r.alice.Types("/okr connect").Chooses("System", "HTTP JSON").
		Fills("Document URL", "https://internal.example.com/x.json").Submits("Connect").
		Sees("okrbot reads no documents from this host", "HTTP_JSON_ORIGINS")
	r.alice.Fills("Document URL", r.origin+buildPath).Chooses("Sign in with", "Header").
		Fills("Header name", "Cookie").Fills("Header value", "key-canary").Submits("Connect").
		Sees("A header of this name is no sign-in")
	if n := len(r.web.Calls()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
	r.alice.Closes()
	r.alice.Types("/okr connections").Sees("You have no connection yet")
}

func TestWithoutDocumentsNobodyIsAskedForASystem(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr connect").Sees("ServiceNow URL").DoesNotSee("System: ").Closes()
	r.addsObjective(r.alice, "Run a calm service desk")
	r.alice.Types("/okr add-kr").Sees("ServiceNow").DoesNotSee("HTTP JSON")
}

// A token with a % in it, pasted as it is, makes its parameter one that Go does not read.
func TestATokenIsNoPartOfAnAddress(t *testing.T) {
	r := newRoom(t, withDocuments)
	for _, query := range []string{"?branch=main&token=t0ken-of-ours", "?branch=main&token=t0ken-of-ours%x", "?token=t0ken-of-ours%", "?to%6ben=t0ken-of-ours%"} {
		r.alice.Types("/okr connect").Chooses("System", "HTTP JSON").
			Fills("Document URL", r.origin+buildPath+query).Submits("Connect").Sees("holds what looks like a secret").Closes()
	}
	if strings.Contains(r.everything(), "t0ken-of-ours") {
		t.Error("the token is stored")
	}
}
