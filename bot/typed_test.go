package bot_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"okrbot/bot"
	"okrbot/okr"
)

// says is what the bot answers to a command's words as they come off the wire.
func (r *room) says(words string) string {
	r.t.Helper()
	form := r.command(words)
	form.Set("nonce", fmt.Sprint(time.Now().UnixNano())) // else it is a repetition
	_, body := r.post(r.signed("/slack/commands", formType, form.Encode(), time.Now()))
	return body
}

// byHand adds an objective with a key result that people update.
func (r *room) byHand(title, target string) {
	r.t.Helper()
	r.addsObjective(r.alice, "Ship it")
	r.alice.Types("/okr add-kr "+title).Sees("Key Result: "+title).
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "0").Fills("Target Value", target).Submits("Save").Sees("is added").Closes()
}

// TestCommandsAsClientsTypeThem: whatever parts the words, whichever dash, whatever stands around.
func TestCommandsAsClientsTypeThem(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	for _, blank := range []string{
		" ", "   ", "\t", "\n", "\r\n", "\v", "\f", "\u0085", "\u00a0", "\u1680", "\u2000", "\u2007", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000",
		"\u200b", "\u200d", "\u2060", "\ufeff", "\u2800", "\u3164", " \u200b ", "\u00a0\u200e",
	} {
		for _, words := range []string{"sync" + blank + "KR-1", blank + "sync" + blank + "KR-1" + blank} {
			if got := r.says(words); !strings.Contains(got, "KR-1 is updated by people") {
				t.Errorf("%+q: %s", words, got)
			}
		}
	}
	for _, key := range []string{
		"kr-1", "KR1", "1", "KR 1", "kr - 1", "KR\u20101", "KR\u20111", "KR\u20121", "KR\u20131", "KR\u20141", "KR\u20151", "KR\u22121", "KR\ufe581", "KR\ufe631", "KR\uff0d1", "KR \u2013 1",
		"K\u00adR-1", "KR-\u200b1", "\u202eKR-1\u202c", "\u2066KR-1\u2069", "KR-1\ufe0f", "\ufeffKR-1",
		"*KR-1*", "_KR-1_", "~KR-1~", "`KR-1`", "```KR-1```", "KR-1.", "KR-1,", "KR-1!", "KR-1?", "(KR-1)", "[KR-1]", `"KR-1"`, "'KR-1'", "“KR-1”", "„KR-1“", "«KR-1»", "「KR-1」", "…KR-1…", "*`KR-1`*,", "• KR-1",
		"<https://example.com/KR-1|KR-1>", "*<https://example.com|KR-1>*", "&lt;KR-1&gt;", "#KR-1", "KR-1:",
		"KR-1 KR-1", "KR-1,KR-1", "1,1", "KR-1/kr-1", "KR-1&amp;KR-1", "= KR-1", "&gt; KR-1", "\u2800KR-1\u3164",
		"ＫＲ－１", "KR-١", "kr-१",
	} {
		if got := r.says("sync " + key); !strings.Contains(got, "KR-1 is updated by people") {
			t.Errorf("%+q: %s", key, got)
		}
	}
	for _, verb := range []string{"SYNC", "*sync*", "`sync`", "sync:", "ｓｙｎｃ", "s\u200bync", "\u200fsync"} {
		if got := r.says(verb + " KR-1"); !strings.Contains(got, "KR-1 is updated by people") {
			t.Errorf("%+q: %s", verb, got)
		}
	}
	for _, verb := range []string{"check-in", "check\u2011in", "check\u2013in", "check in", "check_in", "Check\u00a0In", "CHECK\u2212IN"} {
		if got := r.says(verb + " KR-1 seven7"); !strings.Contains(got, "seven7") || !strings.Contains(got, "Nothing was saved") {
			t.Errorf("%+q: %s", verb, got)
		}
	}
	for _, words := range []string{"KR-1 sync", "kr 1 sync", "*KR-1* `sync`"} {
		if got := r.says(words); !strings.Contains(got, "KR-1 is updated by people") {
			t.Errorf("%+q: %s", words, got)
		}
	}
	r.alice.Types("/okr KR-1").Sees("== KR-1 ==").Closes()
}

// TestWhatWasNotUnderstoodIsSaidBack, as it was typed, as words that do nothing.
func TestWhatWasNotUnderstoodIsSaidBack(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	for words, back := range map[string]string{
		"Shwo KR-1":                     "There is no command `/okr Shwo`. Did you mean `/okr show`?",
		"show Fewer":                    "`Fewer` is no key result and in no title. Name a key result or an objective by its number, or by words of its title: `/okr show KR-1` or `/okr show O-1`.",
		"remove":                        "Name a key result or an objective by its number",
		"show KR-0":                     "There is no KR-0 here. `/okr list` shows what there is.",
		"show O-0":                      "There is no O-0 here. `/okr objectives` shows what there is.",
		"edit o 0":                      "There is no O-0 here.",
		"check-in KR-0 42":              "There is no KR-0 here.",
		"sync kr 00":                    "There is no KR-00 here.",
		"KR-0":                          "There is no KR-0 here.",
		"list O-0":                      "There is no O-0 here.",
		"show KR-12345678901":           "There is no KR-12345678901 here.",
		"sync O-1":                      "`/okr sync` takes a key result, and O-1 is an objective. `/okr list O-1` shows its key results.",
		"check-in o 1":                  "takes a key result, and O-1 is an objective.",
		"show KR-one":                   "`KR-one` is no key result",
		"show KR‑one":                   "`KR‑one` is no key result",
		"show KR-1 now":                 "`now` was not understood and nothing was done",
		"show KR-1 KR-2":                "one key result at a time, and `KR-1 KR-2` are 2",
		"edit &lt;!channel&gt;":         "`&lt;!channel&gt;` is no key result",
		"pause `x`":                     "`x` is no key result and in no title. Name a key result by its number, or by words of its title: `/okr pause KR-1`",
		"resume <@U0BOB|bob>":           "`@bob` is no key result",
		"remove KR-1 KR-1x":             "`KR-1x` was not understood and nothing was done",
		"check-in fewer 42":             "`fewer 42` is no key result and in no title.",
		"check-in KR-1 1.234,5":         "`1.234,5`: Write the number without separators",
		"check-in KR-1 1 000":           "`1 000`: Write the number without separators",
		"check-in KR-1 1\u00a0000 done": "`1 000`: Write the number without separators",
		"sync KR-1 soon":                "`soon` was not understood and nothing was done",
		"sync everything":               "`everything` is no key result",
		"sync all KR-1":                 "`all` was not understood",
		"settings loud":                 "takes nothing after it, so `loud` was not understood",
		"connections mine":              "`mine` was not understood",
		"subscriptions #it-okrs":        "`#it-okrs` was not understood",
		"close-out":                     "No objective of yours is to be closed out",
		"close-out KR-1":                "`/okr close-out` takes an objective, and KR-1 is a key result: it is closed out with its objective.",
		"close-out O-1":                 "*Ship it* runs until",
		"close-out o 9":                 "There is no O-9 here. `/okr objectives` shows what there is.",
		"close-out O-0":                 "There is no O-0 here.",
		"connect acme now":              "takes one address, so `now` was not understood",
		"export xlsx":                   "so `xlsx` was not understood",
		"export csv and pdf":            "so `pdf` was not understood",
		"subscribe daily":               "in no other rhythm: `daily` was not understood",
		"subscribe loudly":              "so `loudly` was not understood",
		"subscribe #no-such-channel":    "`#no-such-channel` did not reach okrbot as a channel",
		"unsubscribe *#no-such*":        "`*#no-such*` did not reach okrbot as a channel",
		"subscribe <@U0BOB|bob>":        "Only <@U0BOB> can do that for themselves",
		"subscribe <#C0ITOKRS|it-okrs> <#C0GENERAL|general>": "one channel at a time, so `#general`",
		"KR-1 42":                  "`/okr KR-1` shows that key result and takes nothing after it, so `42` was not understood and nothing was done",
		"KR-1 export":              "so `export` was not understood",
		"sync KR-1,KR-2,soon":      "`soon` was not understood and nothing was done",
		"check-in KR-1 2026-11-26": "`2026-11-26`: This is not a number.",
		"export csv,pdf":           "so `pdf` was not understood",
		"help sync KR-1":           "so `KR-1` was not understood",
		"help snyc":                "Did you mean `/okr sync`?",
	} {
		got := r.says(words)
		got = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(got)
		if !strings.Contains(got, back) {
			t.Errorf("%q: %s", words, got)
		}
		if okr.Visible(got) != got {
			t.Errorf("%q is answered with what does not show: %q", words, got)
		}
	}
	if n := r.number(`select count(*) from subscriptions`); n != 0 {
		t.Errorf("%d subscriptions were made", n)
	}
}

func TestArgumentsAreHeeded(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.alice.Types("/okr add-kr Fewer R&D 👩\u200d💻 things").Sees("Key Result: Fewer R&D 👩\u200d💻 things").Closes()
	r.alice.Types("/okr add-kr " + strings.Repeat("長", 400)).Sees("Key Result: " + strings.Repeat("長", 149) + "…").Closes()
	r.alice.Types("/okr add-objective  Be\u00a0calm for @bob").Sees("Objective: Be calm for @bob").Submits("Save").Sees("Objective added: *Be calm for @bob*")
	r.alice.Types("/okr connect acme").Sees("ServiceNow URL: acme").Closes()
	r.alice.Types("/okr connect <https://acme.service-now.com|acme.service-now.com>").Sees("ServiceNow URL: https://acme.service-now.com").Closes()
	r.alice.Types("/okr connect ServiceNow `acme`").Sees("ServiceNow URL: acme").Closes()

	r.alice.Types("/okr check-in KR-1 3").SeesNoModal().Sees("Saved.", "*KR-1* Interviews held  3")
	r.alice.Types("/okr check-in KR-1 9 two more on Friday").Sees("3 → 9", "75 %")
	r.alice.Types("/okr show KR-1").Sees("two more on Friday").Closes()
	r.alice.Types("/okr check-in kr–1 −4").Sees("Write a negative number with one plain minus")
	r.alice.Types("/okr check-in KR-1 -4").Sees("9 → -4")
	r.alice.Types("/okr check-in KR-1 5, after the audit").Sees("-4 → 5")
	r.alice.Types("/okr check-in KR-1 (6).").Sees("5 → 6")
	r.alice.Types("/okr check-in 7 KR-1").Sees("6 → 7")
	r.alice.Types("/okr check-in 8 for kr–1.").Sees("7 → 8")
	r.alice.Types("/okr KR-1 check-in -4").Sees("8 → -4")
	r.alice.Types("/okr check-in KR-1 5 \u200b held on Friday").Sees("-4 → 5")
	r.alice.Types("/okr check-in KR-1 \u200b 6 \u2060").Sees("5 → 6")
	r.alice.Types("/okr check-in 7 \u200b KR-1").Sees("6 → 7")
	r.alice.Types("/okr show KR-1").Sees("held on Friday").Closes()
	r.alice.Types("/okr check-in KR-1 going well").Sees("== Check in on KR-1 ==", "Note: going well").Submits("Save").SeesNoModal()
	r.bob.Types("/okr check-in KR-1 5").Sees("You may not check in on KR-1. Ask <@U0ALICE>.")

	r.alice.Types("/okr subscribe #service-desk").Sees("the weekly digest goes to <#C0DESK>")
	r.alice.Types("/okr subscriptions").Sees("• <#C0DESK>")
	r.alice.Types("/okr subscribe weekly").Sees("the weekly digest goes to <#C0ITOKRS>")
	r.alice.Types("/okr subscribe weekly").Sees("goes to <#C0ITOKRS> already. `/okr unsubscribe` ends it.")
	r.alice.Types("/okr subscribe #service-desk").Sees("goes to <#C0DESK> already. `/okr unsubscribe` in <#C0DESK> ends it.")
	r.alice.Types("/okr unsubscribe me").Sees("No digest goes to you. `/okr subscribe me` begins one.")
	r.alice.Types("/okr subscribe me").Sees("the weekly digest goes to you", "`/okr unsubscribe me` ends it.")
	r.alice.Types("/okr unsubscribe *<#C0DESK|service-desk>*,").Sees("does not go to <#C0DESK> any more")

	r.alice.Types("/okr export csv").Sees("Making your file: all objectives and key results, as CSV. It comes").
		Sees("Your export: 2 objectives and 1 key result. Readings, check-ins").DoesNotSee("The same table twice")
	if got := r.filesOf("alice"); len(got) != 1 || !strings.Contains(got["csv"], "Interviews held") {
		t.Errorf("the files are %q", got)
	}
}

func TestSeveralAreSyncedByOneCommand(t *testing.T) {
	r := ready(t)
	r.addsKeyResult(r.alice, "Fewer still", "Number of open incidents", "90")
	r.alice.Types("/okr sync KR-1,KR-2;KR-9").Sees("key results. This message counts up. Left out: KR-9 is not here.", "Synced 2 key results")
	r.bob.Types("/okr sync KR-1 KR-2").Sees("Nothing was synced. Left out: KR-1 is for <@U0ALICE> to sync; KR-2 is for <@U0ALICE> to sync.")
	r.alice.Types("/okr check-in KR-1 42").Sees("== Check in on KR-1 ==", "Result Value: 42", "Reason: ",
		"KR-1 reads ServiceNow, so a value by hand needs a *Reason*. It counts once, until a newer score arrives. Next time, type the reason behind the value: `/okr check-in KR-1 42 counted twice`.").Closes()
	r.alice.Types("/okr check-in KR-1 42 after the audit").SeesNoModal().
		Sees("Saved.", "42 (by hand)", "after the audit", "It counts until a newer score arrives.", "To use the score again, press *Resume automatic* in `/okr show KR-1`.")
}

func TestListsOfEveryKind(t *testing.T) {
	r := ready(t)
	r.addsObjective(r.bob, "Grow the team")
	r.alice.Types("/okr list bob").Sees("Key results of <@U0BOB>: none")
	r.alice.Types("/okr list alice").Sees("*My key results*", "*KR-1*")
	r.bob.Types("/okr list alice").Sees("*Key results of <@U0ALICE>*", "*KR-1*")
	quarter := okr.QuarterOf(r.day(0)).Words()
	r.alice.Types("/okr list "+quarter).Sees("*Key results in "+quarter+"*", "*KR-1*")
	r.alice.Types("/okr list " + quarter[:2]).Sees("*Key results in " + quarter + "*")
	r.alice.Types("/okr list next year").Sees("Key results in " + fmt.Sprint(r.day(0).Time().Year()+1))
	r.alice.Types("/okr list at risk").Sees("No key result is at risk.")
	r.alice.Types("/okr list no data alice's").Sees("My key results with no data: none")
	r.alice.Types("/okr list red").Sees("Nothing here is called `red`", "Did you mean `/okr list at risk`?")
	r.alice.Types("/okr list this week").Sees("Nothing here is called `this` or `week`: no key result's title has it")
	r.alice.Types("/okr list missed").Sees("No key result has missed its target.")
	r.alice.Types("/okr list on-track, achieved too early behind mine").Sees("My key results on track or achieved or too early or behind")
	r.alice.Types("/okr list mine my me @alice alice O-1 O-1 " + quarter + " " + quarter + " paused paused calm calm").Sees("My key results paused under O-1 in " + quarter + " with `calm`: none.")
	r.bob.Types("/okr list @alice @carol needs-me #it-okrs by:owner").Sees("Key results of <@U0ALICE> or <@U0CAROL> in <#C0ITOKRS> that need a person: none.")
	r.alice.Types("/okr list of alice in calm").Sees("*My key results with `calm`*", "*KR-1*")
	r.alice.Types("/okr pause KR-1").Sees("is paused")
	r.alice.Types("/okr list paused #it-okrs").Sees("*Key results in <#C0ITOKRS> paused*", "*KR-1*")
	r.alice.Types("/okr list stael").Sees("List what? Nothing here is called `stael`: no key result's title has it, no status is called so, and nobody of that name has used okrbot. Did you mean `/okr list stale`?")
	r.alice.Types("/okr list carol").Sees("Nothing here is called `carol`", "nobody of that name has used okrbot", "`@person`")
	r.alice.Types("/okr list @carol").Sees("Key results of <@U0CAROL>: none")
	r.alice.Types("/okr list allice").Sees("Did you mean `/okr list alice`?")
	r.alice.Types("/okr list incdients").Sees("Did you mean `/okr list incidents`?")
	r.alice.Types("/okr list mine calmm").Sees("Did you mean `/okr list calm`?")
	r.alice.Types("/okr list at rsik").Sees("Did you mean `/okr list at risk`?")
	r.alice.Types("/okr list KR-1").Sees("`KR-1` is one key result: `/okr show` shows it")
	r.alice.Types("/okr list #nowhere").Sees("`#nowhere` did not reach okrbot as a channel")
	r.alice.Types("/okr list %").Sees("All key results")
	r.alice.Types("/okr list by:").Sees("List how? `by:` is no order. There are `by:name`, `by:number`, `by:owner` and `by:worst`; without one of them the worst come first, under their objectives.")
	r.alice.Types("/okr list mine by:progress").Sees("List how? `by:progress` is no order. There are")
	r.alice.Types("/okr list sort by nmae").Sees("`sort by nmae` is no order. Did you mean `by:name`? There are")
}

func TestHowListsAreRead(t *testing.T) {
	today, err := okr.ParseDay("2026-11-26")
	if err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]string{
		"":                                  "",
		"mine":                              "of U1",
		"my key results":                    "of U1",
		"<@U2|bob>":                         "of U2",
		"*<@U2|bob>*, <@W3>":                "of U2, of W3",
		"<#C1|it okrs>":                     "at C1",
		"at-risk":                           "is at risk",
		"At Risk":                           "is at risk",
		"atrisk":                            "is at risk",
		"at‑risk.":                          "is at risk",
		"no data":                           "is no data",
		"not started behind":                "is not started, is behind",
		"on track or achieved":              "is on track, is achieved",
		"too-early not syncing failing":     "is too early, is not syncing, is failing",
		"committed met, missed, stale":      "is committed met, is missed, is stale",
		"needs-me needs me NEEDSME":         "is needs me, is needs me, is needs me",
		"by:name":                           "by name",
		"by name":                           "by name",
		"sort by title mine":                "of U1, by name",
		"sorted: number":                    "by number",
		"by‑owner behind by:number":         "is behind, by number",
		"worst first":                       "by worst",
		"by hand by:owner":                  "is by hand, by owner",
		"by bob":                            `"bob"`,
		"sort":                              `"sort"`,
		"by:":                               "strange by:",
		"mine by":                           "of U1, strange by",
		"by:progress at-risk":               "is at risk, strange by:progress",
		"by: progress at-risk":              "is at risk, strange by: progress",
		"*by：size*, Q4":                     "in Q4 2026, strange *by：size*",
		"sort by size":                      "strange sort by size",
		"ordered by":                        "strange ordered by",
		"by:name:desc":                      "strange by:name:desc",
		"name":                              `"name"`,
		"O-1 o 2 at-risk":                   "is at risk, under O-1, under O-2",
		"目標 überfällig":                     `"目標" "überfällig"`,
		"measuring the baseline measuring":  "is measuring the baseline, is measuring",
		"paused closed out open":            "is paused, is closed out, is open",
		"Q4":                                "in Q4 2026",
		"q4 2025":                           "in Q4 2025",
		"Q1/27":                             "in Q1 2027",
		"4q26":                              "in Q4 2026",
		"2026-Q3":                           "in Q3 2026",
		"2027":                              "in 2027",
		"this quarter next quarter":         "in Q4 2026, in Q1 2027",
		"last quarter last year next year":  "in Q3 2026, in 2025, in 2027",
		"bob":                               `"bob"`,
		"calm desk":                         `"calm" "desk"`,
		"mine at risk Q4 <#C1|x> calm":      "of U1, at C1, is at risk, in Q4 2026, \"calm\"",
		"calm <#C1|x> Q4 at risk mine":      "of U1, at C1, is at risk, in Q4 2026, \"calm\"",
		"the key results of bob in Q4 2026": "in Q4 2026, \"bob\"",
		"Q5":                                `"q5"`,
		"Q4’26 <@U2>'s":                     "of U2, in Q4 2026",
		"4th quarter 2027 quarter 1":        "in Q4 2027, in Q1 2027",
		"current quarter, previous year":    "in Q4 2026, in 2025",
		"mine,behind;Q4,<@U2|b,c>":          "of U1, of U2, is behind, in Q4 2026",
		"at":                                `"at"`,
		"#general":                          `"general"`,
	} {
		if got := bot.ReadsList(typed, "U1", today); got != want {
			t.Errorf("%q is read as %s, want %s", typed, got, want)
		}
		if query, same := bot.KeepsList(typed, "U1", today); !same {
			t.Errorf("%q is another list behind its button: %s", typed, query)
		}
	}
}

// A quarter that is typed without its year is the nearest one; of two that are as near, this year's.
func TestTheNearestQuarterIsMeant(t *testing.T) {
	for day, wants := range map[string][4]string{
		"2026-11-26": {"Q1 2027", "Q2 2026", "Q3 2026", "Q4 2026"},
		"2027-01-01": {"Q1 2027", "Q2 2027", "Q3 2027", "Q4 2026"},
		"2026-05-15": {"Q1 2026", "Q2 2026", "Q3 2026", "Q4 2026"},
		"2026-08-31": {"Q1 2026", "Q2 2026", "Q3 2026", "Q4 2026"},
	} {
		today, err := okr.ParseDay(day)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range wants {
			if got := bot.ReadsList(fmt.Sprintf("q%d", i+1), "U1", today); got != "in "+want {
				t.Errorf("on %s Q%d is %s, want %s", day, i+1, got, want)
			}
		}
	}
}

// TestWhatDoesNotShowGoesNowhere: not into a message, a chart, an option, a form or a file.
func TestWhatDoesNotShowGoesNowhere(t *testing.T) {
	r := newRoom(t)
	const hidden = "\u202eevil\u202c \u2066turn\u2069\u200e\u200f\u200b\u00ad\U000E0041"
	r.servicenow.Add(r.scored("0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c01", "Cases "+hidden, "about "+hidden))
	r.servicenow.Add(r.scored("0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c02", "Cases "+hidden, "שלום "+hidden))
	r.connects(r.alice)
	// Before that ServiceNow itself is asked, whose names are as they were written.
	r.until("the list being read", r.stored("select bool_and(directory_at is not null) from connections"))
	r.addsObjective(r.alice, "Calm "+hidden+" مرحبا")
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer "+hidden+" 👩\u200d💻").Submits("Next").
		Chooses("Scorecard", "Cases evil turn").Sees("about evil turn").Submits("Connect").Fills("Target Value", "3").Submits("Save").Sees("is added").Closes()
	r.alice.Sees("*KR-1* Fewer evil turn 👩\u200d💻", "Calm evil turn مرحبا")
	r.alice.Types("/okr show KR-1").Sees("Cases evil turn (about evil turn)").Closes()
	r.alice.Types("/okr edit KR-1").Sees("Key Result: Fewer evil turn").Closes()
	r.alice.Types("/okr show " + hidden).Sees("== KR-1 ==").Closes() // by its title
	r.alice.Types("/okr list").Sees("All key results")
	r.alice.Types("/okr export").Sees("Your export: 1 objective and 1 key result.")
	for ending, content := range r.filesOf("alice") {
		if shown := strings.TrimPrefix(content, "\ufeff"); okr.Visible(shown) != strings.ReplaceAll(shown, "\r", "") || !strings.Contains(shown, "Fewer evil turn 👩\u200d💻") {
			t.Errorf("%s: %+q", ending, content)
		}
	}
	for _, e := range r.slack.Wire() {
		said := e.Sent
		if e.From == "slack" {
			said = e.Got
		}
		raw, err := json.Marshal(said)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(string(raw), "\u202e\u202c\u2066\u2069\u200e\u200f\u200b\u00ad\U000E0041") {
			t.Errorf("%s: %.600s", e.What, raw)
		}
	}
}
