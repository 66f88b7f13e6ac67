package view

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"okrbot/internal/wordstest"
	"okrbot/okr"
)

var update = flag.Bool("update", false, "write the golden payloads again")

// compared are the golden files that a test has asked for.
var compared sync.Map

// TestMain finds golden files that no test asks for any more. It needs a whole run to know.
func TestMain(m *testing.M) {
	code := m.Run()
	whole := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" && flag.Lookup("test.list").Value.String() == ""
	if code == 0 && whole {
		code = unasked()
	}
	os.Exit(code)
}

// unasked removes, or complains of, golden files that no test has asked for.
func unasked() (code int) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil {
		panic(err)
	}
	for _, path := range files {
		if _, asked := compared.Load(filepath.Base(path)); asked {
			continue
		}
		if *update {
			err = os.Remove(path)
		} else {
			err = errors.New("no test asks for it any more; `make golden` removes it")
		}
		if err != nil {
			fmt.Printf("%s: %v\n", path, err)
			code = 1
		}
	}
	return code
}

// golden compares a payload with its file, which people read in review.
func golden(t *testing.T, name string, payload any) {
	wordstest.CheckShown(t, name, payload)
	t.Helper()
	compared.Store(name, true)
	var got bytes.Buffer
	e := json.NewEncoder(&got)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(payload); err != nil {
		t.Fatal(err)
	}
	if shown := got.String(); okr.Visible(shown) != shown {
		t.Errorf("%s holds what does not show and yet does something", name)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; `make golden` writes it", err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s is another payload now; `make golden`, and read the diff", name)
	}
}

func TestMessages(t *testing.T) {
	waiting := sample()
	waiting.Source.Waiting = now.Add(time.Hour)
	paused, nowhere := sample(), sample()
	paused.Paused, nowhere.Channel = true, ""
	for name, m := range map[string]Message{
		"card": Card(sample(), readings(40)), "card-hostile": Card(hostile(), readings(2)), "card-failing": Card(broken(), readings(1)), "card-people": Card(people(), nil), "card-fresh": Card(fresh(), nil),
		"card-plainer": *Card(sample(), readings(40)).Plainer, "card-waiting": Card(waiting, nil), "card-paused": Card(paused, nil),
		"card-by-hand": Card(corrected(), readings(40)), "list-by-hand": List("My objectives", listing(many(2, corrected()), Listed)),
		"shared": Announcement([]News{share(sample(), 40)}, false), "shared-plainer": *Announcement([]News{share(corrected(), 40)}, true).Plainer,
		"shared-many": Announcement([]News{share(hostile(), 300), share(numbered(2), 20), share(numbered(3), 5), share(numbered(4), 1), share(fresh(), 0)}, false),
		"help":        Help(sn, false), "help-guest": Help(sn, true), "help-systems": Help(Systems{"ServiceNow", "HTTP JSON"}, false), "unknown-verb": DidYouMean("<!channel>`snyc", false, []string{"sync"}), "unknown-verb-far": DidYouMean(strings.Repeat("x", 4000), false, nil),
		"unknown-mention": DidYouMean(strings.Repeat("how is it <!channel> ", 4000), true, nil),
		"opens":           Opens(CheckInForm(sample(), CheckInTyped{}, draft), "check-in KR-1"), "name-choice": nameChoice(NamedMost, 3).Message(), "name-choice-long": longChoice().Message(), "opens-long": Opens(CheckInForm(sample(), CheckInTyped{}, draft), strings.Repeat("é", 1801)), "name-choice-own": ownChoice().Message(), "name-choice-near": NameChoice{Typed: "opne incidnts", Near: true, Verb: "remove", Of: nameChoice(1, 0).Of}.Message(),
		"list": List("My objectives", listing(many(3, sample()), Listed)), "list-empty": EmptyList("My objectives: none. Add one with `/okr add-kr`.", Listing{}), "list-long": List("All key results", listing(many(500, hostile()), Listed)),
		"list-one": List("Key results at risk", partOf(1, 0, sample())), "list-40": List("My key results", partOf(40, 20, sample())), "list-200": List("All key results", partOf(200, 100, sample())), "list-200-last": List("All key results", partOf(191, 180, sample())), "list-crowded": List("All key results", crowded()),
		"list-below": List("Key results behind under O-3", Listing{Shown: many(2, sample()), Total: 2, Below: []Objective{shownObjective(2)}}), "list-below-none": EmptyList("Key results at risk under O-3: none.", Listing{Below: []Objective{shownObjective(2)}}),
		"changed-one":     Announcement([]News{{KeyResult: sample(), Kind: Changed, Old: num("41"), New: num("39"), OldStatus: okr.Behind, NewStatus: okr.OnTrack}}, false),
		"changed-method":  Announcement([]News{{KeyResult: sample(), Kind: Changed, Old: num("0.92"), New: num("39"), OldWords: "92 %", NewWords: "39 Hours", Note: "Calculate Overall Progress changed from Hit rate to Latest value"}}, false),
		"restated":        Announcement([]News{{KeyResult: sample(), Kind: Restated, Old: num("41"), New: num("39")}}, true),
		"changed-noted":   Announcement([]News{noted(num("39")), noted(num("40"))}, false),
		"changed-by-hand": Announcement([]News{{KeyResult: corrected(), Kind: Changed, Old: num("39"), New: num("58")}}, false),
		"changed-many":    Announcement(news(1000, Changed, ""), false), "failed-one": Announcement(news(1, Failed, broken().Failure.Says), false),
		"failed-many": Announcement(append(news(400, Failed, broken().Failure.Says), news(3, Failed, "ServiceNow refused our sign-in.")...), false),
		"recovered":   Announcement(news(1, Recovered, ""), false), "recovered-many": Announcement(news(300, Recovered, ""), false),
		"closed-out": closedOut(3).Summary(false), "closed-out-many": closedOut(400).Summary(true), "closed-out-all": closedOut(400).All(0), "closed-out-more": closedOut(400).All(380), "closed-out-unposted": closedOut(3).Unposted("C1OKRS", "not_in_channel"),
		"objectives": objectiveList(3, 0, 3), "objectives-first": objectiveList(ObjectivesListed, 0, 91), "objectives-middle": objectiveList(ObjectivesListed, 20, 91), "objectives-last": objectiveList(1, 90, 91),
		"to-close-out": ToCloseOut(slices.Repeat([]okr.Objective{objective, hostile().Objective}, CloseOutsListed/2), 20, 62, "x"), "list-ended": List("My objectives", listing(over(), Listed)), "card-closed": Card(over()[1], nil),
		"card-moved": CardMoved(sample()), "card-moved-nowhere": CardMoved(nowhere),
		"card-removed": RemovedCard("KR-3", sample().Title, "U1ALICE", now), "card-removed-hostile": RemovedCard("KR-3", hostile().Title+"~", "U1ALICE", now),
		"owners-gone": Text(OwnersGone(1) + " " + OwnersGone(12)), "exported-not": NotExported("missing_scope"),
		"consent": AskConsent(audiences(1)[0], []WantedLine{{"KR-3", sample().Title, "U1ALICE"}}, "U2BOB"), "consent-bare": AskConsent(Audience{Channel: "C1OKRS", Untold: "missing_scope"}, nil, ""),
		"consent-many": AskConsent(audiences(4)[3], slices.Repeat([]WantedLine{{"KR-3", hostile().Title, "U1ALICE"}}, 300), ""),
		"decided":      Text(Decided(audiences(2)[1])), "decided-silent": Text(Decided(audiences(3)[2])), "silenced": Text(Silenced(audiences(1)[0], "U3CAROL")),
		"decided-untold": Text(Decided(Audience{Channel: "C1OKRS", Untold: "missing_scope", By: "U3CAROL"}) + "\n" + Silenced(Audience{Channel: "C1OKRS", Untold: "missing_scope"}, "U3CAROL")),
		"others-see":     Text(OthersSee(Audience{Channel: "C1"}, true, false) + "\n" + OthersSee(Audience{Channel: "C1", Untold: "missing_scope"}, true, true) + "\n" + OthersSee(Audience{Channel: "C1", Untold: "missing_scope"}, true, false)),
		"parked":         Announcement(refusedIn(2, "not_in_channel"), false), "parked-archived": Announcement(refusedIn(1, "is_archived"), false), "parked-unclear": Announcement(refusedIn(2, "ambiguous"), false), "parked-people": Announcement(byPeople(refusedIn(2, "not_in_channel"), refusedIn(1, "is_archived")), false),
		"synced-changed": Outcome(ended(1, "changed"), 1, true), "synced-same": Outcome(ended(1, "unchanged"), 1, true), "synced-failed": Outcome(ended(1, "failed"), 1, true), "synced-restated": Outcome(ended(1, "restated"), 1, true),
		"synced-arrivals": Outcome(arrivals(), 7, true), "synced-as-before": Outcome(arrivals()[:1], 1, true), "synced-running": Outcome(arrivals()[2:3], 1, true),
		"synced-restated-day": Outcome(arrivals()[3:4], 1, true), "synced-awaiting": Outcome(arrivals()[5:6], 1, true), "synced-undated": Outcome(arrivals()[6:], 1, true),
		"card-awaiting":         Card(awaiting(), nil),
		"synced-without-scores": Outcome([]Ended{{KeyResult: fresh(), How: "unchanged"}, {KeyResult: corrected(), How: "unchanged"}}, 2, true), "digest": digest(many(3, sample()), 0, Drawn{numbered(1), readings(40)}, Drawn{hostile(), readings(3)}), "digest-none": Digest{}.Message(), "digest-none-own": Digest{Own: true}.Message(),
		"digest-many":        digest(many(500, hostile()), today-7, Drawn{hostile(), readings(400)}, Drawn{numbered(1), readings(2)}, Drawn{numbered(2), readings(3)}),
		"subscriptions-none": Subscriptions(nil, 0, 0), "subscriptions": Subscriptions(slices.Repeat([]Subscription{{Channel: "C1OKRS", By: "U1ALICE", Next: "Mon 30 Nov, 09:00 Europe/Berlin"}, {Channel: "U1ALICE", Person: true, By: "U1ALICE", Next: "Mon 30 Nov, 09:00 UTC"}}, 10), 20, 80), "synced-waits": Waits(sample(), 1, now.Add(time.Hour)), "synced-wait-many": Waits(hostile(), 300, now.Add(time.Hour)), "synced-counting": Outcome(ended(4, "changed"), 12, false), "synced-all": Outcome(append(append(ended(300, "changed"), ended(400, "failed")...), ended(500, "unchanged")...), 1200, true),
		"connections-none": Connections(nil, 0, 0, sn, true), "connections": Connections(connections(), 0, len(connections()), sn, true), "connections-many": Connections(slices.Repeat(connections(), 20)[:ConnectionsListed], 20, 91, Systems{"ServiceNow", "HTTP JSON"}, true),
		"connection-refused": ConnectionNotice(connections()[0], "ServiceNow does not take its sign-in any more.", ""), "connection-refused-maker-gone": ConnectionNotice(connections()[0], "ServiceNow does not take its sign-in any more.", MakerGone("U2BOB", hanging(40))),
		"confirm": secondOf(Confirm(7, "acme.service-now.com", "okr.reader", Readers{Name: "alice", Everybody: true}, nil, draft)), "not-connected": secondOf(NotConnected("ServiceNow", "acme.service-now.com", nil, "It was not allowed in the browser.")),
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, name+".message.json", m)
			if strings.Contains(m.Text, "<!") && !strings.Contains(m.Text, "<!date^") {
				t.Errorf("a ping in %q", m.Text)
			}
		})
	}
	for _, topic := range topics {
		m, ok := HelpOn(topic.verb, sn, false)
		if !ok {
			t.Errorf("no help on %s", topic.verb)
		}
		golden(t, "help-"+topic.verb+".message.json", m)
	}
}

// modals are all modals with their extremes.
func modals() map[string]slack.ModalViewRequest {
	failing := connectForm()
	failing.Typed, failing.Stages = strings.Repeat("a", 4000), []Stage{{Name: "Address", Took: time.Millisecond}, {Name: "Sign-in", Took: 40 * time.Millisecond, Says: "ServiceNow refused our sign-in."}}
	withOAuth := connectForm()
	withOAuth.SignIn, withOAuth.SignIns[1].Why = "oauth", "OAuth is not offered here yet."
	browsing, again := connectForm(), connectForm()
	browsing.SignIns[0].Browser, again.Fixed = true, "acme.service-now.com"
	withSystems := connectForm()
	withSystems.Systems = twoSystems
	longDetails := Details{KeyResult: hostile(), Readings: readings(500), May: true, CheckIns: []CheckIn{{Person: "U2BOB", Day: today, Value: num("39"), Confidence: "low", Note: strings.Repeat("<!channel>\n", 200)}}}
	for range 5 {
		longDetails.Changes = append(longDetails.Changes, ChangeLine{Actor: "U1ALICE", Action: "edited", What: slices.Repeat([]string{Change("target", "40", "38")}, 100), At: now})
		longDetails.CheckIns = append(longDetails.CheckIns, longDetails.CheckIns[0])
	}
	for range 200 {
		longDetails.CoOwners = append(longDetails.CoOwners, "U0123456789")
	}
	crowd := Scorecard{Draft: draft, Revision: 2, System: "ServiceNow", Connection: 1, Chosen: "fb007202d7130100b96d45a3ce6103b4", ChosenName: hostile().Source.Scorecard, Preview: preview()}
	for i := range 150 {
		crowd.Connections = append(crowd.Connections, ConnectionChoice{ID: int64(i + 1), Name: strings.Repeat("é", 300)})
	}
	reading, problem := crowd, crowd
	reading.Reading = true
	problem.Problem = broken().Failure.Says
	noScore := crowd
	noScore.Preview = &Preview{Name: "Carbon", Today: today}
	divided := crowd
	divided.Connections = crowd.Connections[:2]
	divided.Parts = Parts{
		First:  Level{Breakdowns: dividers(150), Breakdown: "id7", Listed: true, Element: Named{"e1", "1 - Critical"}},
		Second: Level{Breakdowns: dividers(2), Breakdown: "id1", Listed: true},
		Series: []Named{{"s7", "7d running SUM"}}, Chosen: "s7",
	}
	monthly, stay, people2 := filled(), filled(), filled()
	monthly.Cadence, stay.Kind, monthly.Phases = "monthly", "at_least", "2026-10-31: 50\n2026-11-30: 35.5"
	detail := DetailsStep{Draft: draft, Revision: 3, Form: filled(), Integrated: true, Scorecard: hostile().Source.Scorecard, Connection: hostile().Source.Connection, Result: "39  score of 22 Nov", Zone: "Europe/Berlin", Warnings: []string{"The target is met already."}}
	editing := detail
	editing.Editing = "KR-3"
	month, kind, byHand, between, baseline := detail, detail, detail, detail, detail
	month.Would = "You would be at 55 % today, on track; committed at 40 % of the way."
	between.Form.Kind, between.Form.Upper, baseline.Form.Kind = "between", "40", "baseline"
	month.Form, kind.Form, byHand.Form, byHand.Integrated = monthly, stay, people2, false
	rate := kind
	problems := rate
	problems.Problems = okr.Problems{FieldWanted: "Enter a percentage above 0 and up to 100.", FieldTarget: "Enter a target."}
	problems.More, month.More, kind.More, rate.More = true, true, true, true
	editingMore := editing
	editingMore.More = true
	detour := objective
	detour.Title = hostile().Title
	rate.Form.Method, rate.Form.Wanted = "hit_rate", "95"
	dates := ObjectiveForm{Title: hostile().Title, Owner: "U1ALICE", Period: Dates, Zone: "Europe/Berlin", Channel: "C1OKRS"}
	return map[string]slack.ModalViewRequest{
		"objective": ObjectiveForm{Owner: "U1ALICE", Period: ThisQuarter, Zone: "UTC"}.Modal(draft, today), "objective-dates": dates.Modal(draft, today),
		"connect": connectForm().Modal(draft), "connect-failing": failing.Modal(draft), "connect-oauth": withOAuth.Modal(draft),
		"connect-browser": browsing.Modal(draft), "connect-again": again.Modal(draft), "in-browser": InBrowser("ServiceNow", "acme.service-now.com", "https://okrbot.example.com/connect/"+strings.Repeat("a", 43)),
		"confirm": firstOf(Confirm(7, "acme.service-now.com", "", Readers{Name: "alice"}, failing.Stages[:1], draft)), "not-connected": firstOf(NotConnected("ServiceNow", "acme.service-now.com", failing.Stages, "")),
		"connection": connections()[0].Manage(draft, nil, false, ""), "connection-tested": connections()[3].Manage(draft, failing.Stages, false, "It was refused."), "connection-testing": connections()[1].Manage(draft, nil, true, ""),
		"disconnect": connections()[0].Disconnect(draft, hanging(100)), "disconnect-none": connections()[3].Disconnect(draft, nil),
		"connect-checking": Checking("ServiceNow", strings.Repeat("x", 300)), "connected": Connected("ServiceNow", "acme.service-now.com", failing.Stages[:1], false), "connected-detour": Connected("ServiceNow", "acme", nil, true),
		"wizard-start": Start{Draft: draft, Revision: 1, Objective: hostile().Objective, Title: "Fewer", Owner: "U1ALICE", Systems: twoSystems[:1], Source: FromPeople}.Modal(), "wizard-start-none": Start{Draft: draft, Revision: 1, None: true, Systems: twoSystems[:1]}.Modal(),
		"wizard-start-added":   Start{Draft: draft, Revision: 1, Added: true, Objective: detour, Owner: "U1ALICE", Systems: twoSystems, Source: "servicenow"}.Modal(),
		"wizard-start-editing": Start{Draft: draft, Revision: 4, Editing: "KR-3", Objective: objective, Title: "Fewer", Owner: "U1ALICE", Systems: twoSystems, Source: "http"}.Modal(),
		"wizard-start-systems": Start{Draft: draft, Revision: 1, Owner: "U1ALICE", Systems: twoSystems, Source: "http"}.Modal(), "connect-systems": withSystems.Modal(draft),
		"wizard-scorecard": crowd.Modal(), "wizard-scorecard-parts": divided.Modal(), "wizard-scorecard-none": Scorecard{Draft: draft, Revision: 2, System: "ServiceNow"}.Modal(), "wizard-scorecard-reading": reading.Modal(), "wizard-scorecard-problem": problem.Modal(), "wizard-scorecard-empty": noScore.Modal(),
		"wizard-reading": Reading(draft, 2, "", "ServiceNow"), "wizard-details": detail.Modal(), "wizard-details-monthly": month.Modal(), "wizard-details-stay": kind.Modal(), "wizard-details-rate": rate.Modal(), "wizard-details-between": between.Modal(), "wizard-details-baseline": baseline.Modal(), "wizard-details-people": byHand.Modal(), "edit": editing.Modal(), "edit-more": editingMore.Modal(), "wizard-details-problems": problems.Modal(),
		"wizard-overtaken": Overtaken(draft, "/okr add-kr"),
		"saved":            Saved(sample(), SavedHow{Fresh: true, Reads: true}), "saved-edited": Saved(sample(), SavedHow{}), "saved-people": Saved(people(), SavedHow{}),
		"saved-shared": Saved(sample(), SavedHow{Fresh: true, Reads: true, Others: OthersSee(Audience{Channel: "C1"}, true, true)}),
		"details":      Details{KeyResult: sample(), Readings: readings(40), May: true}.Modal(), "details-empty": Details{KeyResult: fresh()}.Modal(), "details-long": longDetails.Modal(), "details-failing": Details{KeyResult: broken(), Readings: readings(3)}.Modal(), "details-people": Details{KeyResult: people(), May: true}.Modal(),
		"check-in": CheckInForm(people(), CheckInTyped{}, draft), "check-in-hostile": CheckInForm(hostile(), CheckInTyped{}, draft), "remove": Remove(sample(), 120, 1, 1, draft), "remove-hostile": Remove(hostile(), 0, 0, 0, draft),
		"details-by-hand":     Details{KeyResult: corrected(), Readings: readings(3), May: true, Last: []okr.Changed{{What: "target", Before: "35", After: "30", By: "U2BOB", Day: today - 20}}}.Modal(),
		"check-in-integrated": CheckInForm(sample(), CheckInTyped{}, draft), "settings": SettingsOf(okr.DefaultThresholds).Modal(draft), "settings-shared": SettingsOf(okr.DefaultThresholds).Modal(draft, audiences(1)...), "settings-untold": SettingsOf(okr.DefaultThresholds).Modal(draft, audiences(1)[0], Audience{Channel: "C2", Untold: "missing_scope"}), "settings-shared-many": SettingsOf(okr.DefaultThresholds).Modal(draft, audiences(40)...),
		"close-out": closeOut(sample(), 3).Modal(draft), "close-out-many": closeOut(hostile(), 400).Modal(draft), "close-out-none": closeOut(sample(), 0).Modal(draft), "close-out-targets": closeOut(sample(), 2).Targets(draft), "close-out-targets-many": page(closeOut(hostile(), TargetsAtOnce), 1, 250).Targets(draft),
		"objective-shown-none": shownObjective(0).Modal(), "objective-shown": shownObjective(1).Modal(), "objective-shown-40": shownObjective(40).Modal(), "objective-shown-200": shownObjective(200).Modal(), "objective-shown-ended": endedObjective(3).Modal(), "objective-shown-ended-400": endedObjective(400).Modal(),
		"objective-remove-none": removeObjective(0).Modal(), "objective-remove": removeObjective(1).Modal(), "objective-remove-3": removeObjective(3).Modal(), "objective-remove-25": removeObjective(25).Modal(), "objective-remove-40": removeObjective(40).Modal(), "objective-remove-200": removeObjective(200).Modal(),
		"objective-edit": ObjectiveFormOf(shownObjective(0).Objective, okr.Objective{ID: 9, Number: 9, Title: "Run a calm company"}, today).Modal(draft, today),
		"check-in-pick":  CheckInPick("", draft), "check-in-pick-note": CheckInPick(NoteOf(strings.Repeat("<!channel> ", 400), "https://example.slack.com/archives/C1OKRS/p1764000000000100"), draft),
		"home-filter": HomeFilter{}.Modal(), "home-filter-channel": HomeFilter{Whose: "C1OKRS", Period: "this_year", Status: NotSyncingIs}.Modal(),
		"sync": SyncPick(), "notice": Notice("Expired", "This form has expired."), "notice-help": NoticeOf(Help(sn, false)),
	}
}

// nameChoice is a name that is in so many titles, and more.
// longChoice is one with more typed after it than a button carries.
func longChoice() NameChoice {
	c := nameChoice(NamedMost, 0)
	c.Rest = strings.Repeat("é", 4000)
	return c
}

// ownChoice is what is offered where nothing was named.
func ownChoice() NameChoice {
	c := nameChoice(NamedMost, 40)
	c.Typed, c.Rest, c.How = "", "", "Name a key result by its number, or by words of its title: `/okr check-in KR-1`. `/okr list` shows them."
	return c
}

// However much there is to say, one message takes it.
func TestTheLongestAnnouncementFits(t *testing.T) {
	var all []News
	for _, kind := range []NewsKind{Changed, Restated, Recovered, Failed} {
		for i, n := range news(30, kind, "") {
			n.Note = fmt.Sprint("reason ", i)
			all = append(all, n)
		}
	}
	all = append(all, refusedIn(30, "not_in_channel")...)
	for i := range PostsAtOnce {
		n := share(hostile(), 300)
		n.ID, n.Number = int64(1000+i), 1000+i
		all = append(all, n)
	}
	m := Announcement(all, true)
	if n := len(m.Blocks); n > 50 {
		t.Errorf("%d blocks", n)
	}
	if n := len(m.Plainer.Blocks); n > 50 {
		t.Errorf("%d blocks, more plainly", n)
	}
	wordstest.CheckShown(t, "the longest announcement", m)
}

// Whoever hears of a removal hears of each line, or how many there are besides.
func TestARemovalCountsWhatItDoesNotName(t *testing.T) {
	for n := range 60 {
		var lines []string
		for range n {
			lines = append(lines, KeyResultMovedLine(hostile().KeyResult, hostile().Objective))
		}
		text := ObjectiveRemoved(objective, "U1ALICE", lines)
		if Cut(text, sectionLimit) != text {
			t.Fatalf("%d lines: Slack does not take the message", n)
		}
		named := strings.Count(text, "moved to")
		if rest := fmt.Sprintf("…and %d more", n-named); (named < n) != strings.HasSuffix(text, rest) {
			t.Fatalf("%d lines, %d named: %s", n, named, text)
		}
	}
}

func TestModals(t *testing.T) {
	for name, m := range modals() {
		t.Run(name, func(t *testing.T) { golden(t, name+".modal.json", m) })
	}
}

func homes() map[string]HomeTab {
	stranger := home(3, 2, sample())
	stranger.Own, stranger.Objectives[0].Open = false, false
	guest := HomeTab{Systems: sn, Today: today}
	ended := home(2, 0, sample())
	ended.Objectives[0].Today = objective.Period.Last + 1
	over := home(2, 2, sample())
	over.Objectives[0].Today, over.Objectives[1].Today = objective.Period.Last+1, objective.Period.Last+1
	nothing := home(0, 0, sample())
	nothing.Filter.Status = NotSyncingIs
	last := home(20, 10, sample())
	last.From = 10
	others, filtered := home(2, 2, sample()), home(1, 3, sample())
	for i := range others.Objectives {
		others.Objectives[i].Reader.ID = "U2BOB"
	}
	filtered.Filter.Status, filtered.Objectives[0].KeyResults = string(okr.AtRisk), filtered.Objectives[0].KeyResults[:1]
	filtered.Objectives[0].Total, filtered.Objectives[0].Left = 1, 2
	return map[string]HomeTab{
		"home-others": others, "home-filtered": filtered,
		"home": home(1, 3, sample()), "home-none": {Systems: sn, May: true, Today: today}, "home-guest": guest,
		"home-one": home(1, 1, sample()), "home-40": home(1, 40, sample()), "home-200": home(1, 200, sample()), "home-200-of-20": home(20, 10, sample()), "home-200-of-20-last": last,
		"home-full": fullHome(), "home-needs": needyHome(), "home-stranger": stranger, "home-without": ended, "home-over": over, "home-nothing-fits": nothing,
	}
}

func TestHomes(t *testing.T) {
	for name, h := range homes() {
		t.Run(name, func(t *testing.T) {
			v := h.View()
			if n := len(v.Blocks.BlockSet); n > 100 {
				t.Errorf("%d blocks", n)
			}
			golden(t, name+".home.json", v)
		})
	}
}

// However much there is to show to somebody who owns nothing, Slack takes it.
func TestTheFullestHomeFits(t *testing.T) {
	h := fullHome()
	h.Filter, h.Own = HomeFilter{}, false
	for i := range h.Objectives {
		h.Objectives[i].Today = h.Objectives[i].Period.Last + 1 // each with the button that closes it out
	}
	h.Objectives[8].Today, h.Objectives[9].Today = today, h.Objectives[9].Period.First-1 // and two more headings
	if n := len(h.View().Blocks.BlockSet); n > 100 {
		t.Errorf("%d blocks", n)
	}
}
