package bot_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"okrbot/okr"
	"okrbot/sandbox/slack"
)

func TestAValueByHandStandsInForTheScore(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr check-in KR-1").Sees("It counts instead of the score.").
		Fills("Result Value", "120").Submits("Save").Sees("^ Say why a value is entered by hand").
		Fills("Reason", "the import <counted> twice").Submits("Save").SeesNoModal().
		Sees("*120 (by hand)*", "\nvalue of "+r.today().Short(r.today())+", entered by hand\n"+
			":pencil2: <@U0ALICE> entered the value by hand: the import &lt;counted&gt; twice. It counts until a newer score arrives.\nServiceNow says ", ", score of ", " · synced ")
	r.bob.Sees("→ 120", "Resume automatic") // the channel is told, and the card shows both
	r.bob.Types("/okr list").Sees("*120 (by hand)*", "\nvalue of "+r.today().Short(r.today())+", entered by hand · next sync ", ":pencil2: <@U0ALICE> entered the value by hand: ")
	r.bob.GoesHome()
	r.alice.GoesHome().SeesHome("*120 (by hand)*", "ServiceNow says")
	r.alice.Types("/okr show KR-1").Sees("*Why this number*", "• <@U0ALICE> entered 120 by hand for "+r.today().Words()+": the import &lt;counted&gt; twice.\n• Without that the result is ", "(by hand: the import", "UTC> <@U0ALICE> entered 120 by hand for "+r.today().Words()+": the import &lt;counted&gt; twice").Closes()

	r.bob.Presses("Resume automatic").Sees("Ask <@U0ALICE>")
	r.alice.Types("/okr show KR-1").Sees("== KR-1 ==").Presses("Resume automatic").Sees("resumed automatic: value by hand 120 removed").Closes()
	r.bob.Sees("120 →")
	r.alice.Types("/okr check-in KR-1").Fills("Result Value", "abc").Fills("Until", "2020-01-01").Submits("Save").Sees("^ This is not a number")
}

// What is said of a value by hand is not left out where there is none.
func TestAReasonWithoutAValueByHand(t *testing.T) {
	r := ready(t)
	const problem = "^ Enter the value that stands in for the scores, or empty Until and Reason."
	r.alice.Types("/okr check-in KR-1").Fills("Reason", "counted twice").Fills("Note", "ask the desk").Submits("Save").Sees(problem).Closes()
	r.alice.Types("/okr check-in KR-1").Fills("Until", (r.today()+3).String()).Chooses("Confidence of reaching the target", "Confident").Submits("Save").Sees(problem).
		Fills("Result Value", "41").Fills("Reason", "counted twice").Submits("Save").SeesNoModal().Sees("*41 (by hand)*")
	if n := r.number("select count(*) from check_ins"); n != 1 {
		t.Errorf("%d check-ins, want 1", n)
	}
}

// What is typed and has no room comes into the form whole.
func TestWordsThatAreTooLongAreNotCut(t *testing.T) {
	r := ready(t)
	reason := strings.TrimSpace(strings.Repeat("twice ", 40)) // 239 characters
	r.alice.Types("/okr check-in KR-1 42 "+reason).Sees("== Check in on KR-1 ==", "A reason has room for 200 characters, and what you typed has 239 characters. It stands in *Note*", "Result Value: 42", "Note: "+reason).
		Submits("Save").Sees("^ Say why a value is entered by hand").Fills("Reason", "counted twice").Submits("Save").SeesNoModal().Sees("*42 (by hand)*")
	note := strings.TrimSpace(strings.Repeat("after the audit ", 70)) // 1,119 characters
	r.alice.Types("/okr check-in KR-1 "+note).Sees("A note has room for 1,000 characters, and what you typed has 1,119 characters. Shorten it.", "Note: "+note).
		Submits("Save").Sees("^ Shorten the note to 1,000 characters.").Fills("Note", "after the audit").Submits("Save").SeesNoModal().Sees("Saved.")
	if n := r.number("select count(*) from check_ins"); n != 2 {
		t.Errorf("%d check-ins, want 2", n)
	}
}

func TestANoteThatIsTooLongIsNotCut(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	note := strings.TrimSpace(strings.Repeat("after the audit ", 70)) // 1,119 characters
	r.alice.Types("/okr check-in KR-1 4 "+note).Sees("A note has room for 1,000 characters", "Result Value: 4", "Note: "+note).Closes()
	r.alice.Types("/okr check-in KR-1 4 " + strings.Repeat(note+" ", 3)).Sees("A note has room for 1,000 characters, and what you typed has 3,359 characters. Nothing was saved.")
}

func TestANewerScoreEndsAValueThatWasEnteredOnce(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr check-in KR-1").Fills("Result Value", "120").Fills("Reason", "counted twice").Submits("Save").SeesNoModal().Sees("*120 (by hand)*")
	// The same score again changes nothing that people see; the scores are read on all the same.
	r.alice.Types("/okr sync KR-1").Sees("no newer score in ServiceNow since", "*120 (by hand)*")
	r.passes(2, 88)
	r.bob.Sees("120 → 88")
	r.alice.Types("/okr show KR-1").Sees("okrbot resumed automatic: value by hand 120 removed").Closes()
	if n := r.number("select count(*) from key_results where override_value is not null"); n != 0 {
		t.Errorf("%d overrides stay", n)
	}
}

func TestAValueStandsUntilItsLastDay(t *testing.T) {
	r := ready(t)
	byHand := "41" // no score has this value
	today := r.today()
	day := func(days int) string { return (today + okr.Day(days)).String() }
	r.alice.Types("/okr check-in KR-1").Fills("Result Value", byHand).Fills("Reason", "counted twice").Fills("Until", day(-1)).Submits("Save").
		Sees("^ This day is over").Fills("Until", day(3)).Submits("Save").SeesNoModal().Sees("*" + byHand + " (by hand)*")
	r.passes(1, 91)
	r.alice.Types("/okr sync KR-1").Sees("*"+byHand+" (by hand)*", "ServiceNow says 91")
	readings := r.number("select count(*) from scores")
	if readings == 0 || r.number("select count(*) from scores where value = "+byHand) != 0 {
		t.Errorf("%d readings, and the value by hand is one of them", readings)
	}
	r.laterDays(4)
	r.bob.Sees(byHand + " → 91")
}

func TestConfidenceStandsBesideTheStatus(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr check-in KR-1").Chooses("Confidence of reaching the target", "Confident").Fills("Note", "The new rota helps").Submits("Save").SeesNoModal().
		Sees(":speech_balloon: Confident")
	r.bob.Types("/okr list").Sees(":speech_balloon: Confident").DoesNotSee("(by hand)")
	r.alice.Types("/okr sync KR-1").Sees(":speech_balloon: Confident")
}

// TestWhatWasToldIsSaidInItsOwnTerms: an edit of the method or the unit makes the same number another
// thing, and what it was before stays what it was.
func TestWhatWasToldIsSaidInItsOwnTerms(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr subscribe").Sees("the weekly digest goes to")
	r.laterDays(8)
	r.alice.Sees("*The week's key results* · 1 key result · ", "*135*").DoesNotSee("(was 135")
	edit := func(fill func()) {
		t.Helper()
		r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==")
		fill()
		r.alice.Submits("Save").Sees("KR-1 is saved").Closes()
	}
	edit(func() { r.alice.Presses("More").Chooses("Calculate Overall Progress", "Hit rate") })
	r.bob.Sees("135 → 0 %; Calculate Overall Progress changed from Latest value to Hit rate")
	r.alice.Types("/okr show KR-1").Sees("edited: method Latest value → Hit rate", "synced: first result 135").Closes()
	r.laterDays(7)
	r.later(15 * time.Minute) // at nine of a Monday the digest waits for what is read then
	r.alice.Sees("Since ", "hit rate 0 %", "(was 135")
	edit(func() {
		r.alice.Sees("Set behind *More*: Calculate Overall Progress Hit rate").Presses("More").Chooses("Calculate Overall Progress", "Latest value").Fills("Unit of Measurement", "Hours")
	})
	r.bob.Sees("0 % → 135 Hours; Calculate Overall Progress changed from Hit rate to Latest value, Unit of Measurement changed from # to Hours")
	edit(func() { r.alice.Fills("Unit of Measurement", "Days") })
	r.bob.Sees("135 Hours → 135 Days; Unit of Measurement changed from Hours to Days")
	r.alice.Types("/okr show KR-1").Sees("edited: unit Hours → Days", "synced: first result 135").DoesNotSee("result 135 Days").Closes()
	if said := r.said(); strings.Contains(said, "13,500") || strings.Contains(said, "135 %") {
		t.Error("a value was said in the terms of another method")
	}
}

// TestAnotherScorecardsValuesAreNotWrittenLikeTheNewOnes: what was read before is told by its own decimals.
func TestAnotherScorecardsValuesAreNotWrittenLikeTheNewOnes(t *testing.T) {
	r := ready(t)
	goal := r.goal()
	r.alice.Types("/okr edit KR-1").Presses("Change source").Submits("Next").Sees("== Source of KR-1 ==").Chooses("Scorecard", "Customer satisfaction").
		Submits("Connect").Sees("== Edit KR-1 ==").Fills("Start Value", "3").Fills("Target Value", "4.5").Submits("Save").Sees("KR-1 is saved").Closes()
	r.bob.Sees("Goal changed from "+goal+" to start 3 → target 4.5, Scorecard changed from Number of open incidents to Customer satisfaction; it was 135 before", "*4.28*").DoesNotSee("→ none")
	r.alice.Types("/okr show KR-1").Sees("synced: first result 4.28", "synced: first result 135\n").DoesNotSee("135.00").Closes()
}

func TestAHitRateIsJudgedByTheWantedOne(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr edit KR-1").DoesNotSee("Wanted Hit Rate").Fills("Target Value", "140").Presses("More").Chooses("Calculate Overall Progress", "Hit rate").Sees("Wanted Hit Rate").
		Fills("Wanted Hit Rate", "120").Submits("Save").Sees("^ Enter a percentage above 0 and up to 100.").
		Fills("Wanted Hit Rate", "2 %").Sees("You would be at ").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Types("/okr show KR-1").Sees("Achieved", "hit rate ", " / 2 %: ", "; wanted 2 %", "edited: method Latest value → Hit rate", "wanted hit rate set to 2 %").Closes()
	r.alice.Types("/okr edit KR-1").Sees("Set behind *More*: Calculate Overall Progress Hit rate · Wanted Hit Rate 2").Presses("More").Sees("Wanted Hit Rate: 2").Fills("Wanted Hit Rate", "").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Types("/okr show KR-1").Sees("below the wanted rate of 100 %", "wanted hit rate 2 % → 100 %").DoesNotSee("; wanted").Closes()
}

func TestAdministratorsSetTheThresholds(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr settings").Sees("Only administrators of this workspace can change the settings. A key result is on track up to 10 points")
	r.carol.Types("/okr settings").Sees("== Settings ==", "On track up to: 10", "Behind up to: 25").
		Fills("On track up to", "ten").Submits("Save").Sees("^ Enter a whole number of points.").
		Fills("On track up to", "30").Submits("Save").Sees("^ Enter more points than for On track").
		Fills("On track up to", "99").Fills("Behind up to", "100").Submits("Save").SeesNoModal().
		Sees("Saved. A key result is on track up to 99 points behind the pace, behind up to 100")
	// Every status is found by them: the list's, the card's, the explanation's.
	r.alice.Types("/okr list").Sees(":large_green_circle: On track")
	r.bob.Sees(":large_green_circle: On track")
	r.alice.Types("/okr show KR-1").Sees("on track up to 99 points behind the pace").Closes()
	r.alice.Types("/okr help settings").Sees("For administrators")
}

func TestDetailsArePostedWithTheirChart(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr show KR-1").Sees("*Why this number*", "Progress", "Result", "• <@U0ALICE> created it on ", " with source Number of open incidents, start ", ", target 100.", "<@U0ALICE> created with source Number of open incidents, start ").DoesNotSee("none →").DoesNotSee("– →").Presses("Post to channel").Sees("appears in <#C0ITOKRS>").Closes().Closes()
	r.bob.Sees("posted by <@U0ALICE>", "First ", "lowest", "highest")
}

func TestDetailsArePostedPlainlyWhereChartsAreRefused(t *testing.T) {
	r := ready(t)
	r.refusalsExpected = true
	defer r.slack.Break(slack.Fault{Method: "chat.postMessage", Block: "data_visualization", Error: "invalid_blocks"})()
	r.alice.Types("/okr show KR-1").Presses("Post to channel").Sees("appears in").Closes().Closes()
	r.bob.Sees("posted by <@U0ALICE>", "▁")
}

func TestTheWizardShowsWhatTheValuesMake(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	of := func(by int) string { return fmt.Sprint(r.newest() + by) }
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer open incidents").Submits("Next").
		Chooses("Scorecard", "Number of open incidents").Submits("Connect").Sees("Goal: Reach the target").
		Fills("Start Value", of(+100)).Fills("Target Value", of(-100)).
		Sees("You would be at 50 % today", "The start value lies beyond the data").
		Presses("More").Fills("Committed Result", of(+20)).Sees("committed at 40 % of the way.").
		Fills("Target Value", "300").Sees("For the scorecard less is better").
		Fills("Target Value", of(-100)).Fills("Unit of Measurement", "Hours").Fills("Committed Result", of(+15)).Sees("values are taken over as they are, not converted").
		Fills("Unit of Measurement", "#")
	r.alice.Fills("Phased Targets", "soon").Submits("Save").Sees("^ Line 1: write a day, a colon and a value: 2026-10-31: 40.").
		Fills("Phased Targets", "2000-01-01: 40").Submits("Save").Sees("^ 1 Jan 2000 lies outside.")
	period := r.objective().Period
	r.alice.Fills("Phased Targets", (period.Last-2).String()+": "+of(+95)).Sees("You would be at 50 % today, on track").Submits("Save").Sees("is added").Closes()
	r.bob.Sees("*" + of(0) + "*")
	r.alice.Types("/okr show KR-1").Sees("*Phased targets*", of(+95)+" by "+(period.Last-2).Time().Format("2 Jan"), "by the phased targets between ").Closes()
	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==", "Phased Targets "+(period.Last-2).String()+": "+of(+95), "You would be at 50 % today").
		Presses("More").Fills("Phased Targets", "").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Types("/okr show KR-1").Sees("phased targets").DoesNotSee("by the phased targets between ")
}

// TestTheRestIsBehindMore: what is typed there stays when it is folded away, and is said; a problem
// there is shown there.
func TestTheRestIsBehindMore(t *testing.T) {
	r := newRoom(t)
	r.connects(r.alice)
	r.addsObjective(r.alice, "Run a calm service desk")
	of := func(by int) string { return fmt.Sprint(r.newest() + by) }
	r.alice.Types("/okr add-kr").Fills("Key Result", "Fewer open incidents").Submits("Next").Sees("*Connect* links it to the key result").
		Chooses("Scorecard", "Number of open incidents").Sees("Last 12 scores").Presses("Preview results").Sees("Last 12 scores").
		Submits("Connect").Sees("Goal: Reach the target", "It is read daily at 09:00", "posted in <#C0ITOKRS>", "[More]").DoesNotSee("Weight:").
		Fills("Channel", "#service-desk").Sees("posted in <#C0DESK>").
		Chooses("Update Cadence", "Weekly").Sees("It is read weekly on Monday at 09:00").DoesNotSee("Weekday").
		Fills("Start Value", of(+100)).Fills("Target Value", of(-100)).
		Presses("More").Chooses("Weekday", "Friday").Sees("It is read weekly on Friday at 09:00").
		Fills("Weight", "2").Fills("Committed Result", of(-50)).Presses("Less").
		Sees("Set behind *More*: Committed Result "+of(-50)+" · Weight 2", "weekly on Friday").DoesNotSee("Calculate Overall Progress").
		Fills("Target Value", of(0)).Sees("Set behind *More*: Committed Result "+of(-50)).Submits("Save").
		Sees(":warning: The committed result", "Committed Result: "+of(-50), "Weight: 2", "Target Value: "+of(0), "[Less]").
		Fills("Committed Result", of(+10)).Submits("Save").Sees("is added").Closes()
	r.alice.Types("/okr edit KR-1").Sees("Set behind *More*: Committed Result "+of(+10)+" · Weight 2", "weekly on Friday").
		Presses("More").Sees("Weight: 2", "Owner: ").Closes()
}

// TestADetoursObjectiveIsConfirmedInTheWizard where the person comes back to.
func TestADetoursObjectiveIsConfirmedInTheWizard(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr add-kr").Sees("There is no open objective").Presses("New objective").Sees("== Add objective ==").Fills("Objective", "Ship it").Submits("Save").
		Sees("== Add key result ==", "Objective added: *Ship it*").Fills("Key Result", "Interviews held").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").Sees("Start Value").
		Presses("Back").Sees("A key result belongs to an objective.").DoesNotSee("Objective added: *Ship it*")
}

func TestTheWizardAsksOnlyWhatTheGoalNeeds(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.alice.Types("/okr add-kr").Fills("Key Result", "Interviews held").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Sees("Start Value").Presses("More").Sees("Committed Result", "Phased Targets").
		Chooses("Goal", "Stay at least at the target").Sees("Risk Threshold").DoesNotSee("Phased Targets").
		DoesNotSee("Start Value").Fills("Target Value", "10").Fills("Risk Threshold", "11").Submits("Save").Sees("^ Enter a risk threshold below the target.").
		Chooses("Goal", "Stay between two values").Sees("Upper Value").DoesNotSee("Risk Threshold").
		Fills("Upper Value", "9").Submits("Save").Sees("^ Enter an upper value that is not below the lower one.").
		Fills("Result Value", "12").Fills("Upper Value", "20").Sees("You would be within bounds today, achieved.").
		Fills("Result Value", "21").Sees("You would be out of bounds today").
		Chooses("Goal", "Measure a baseline first").Sees("If it is known already").DoesNotSee("Upper Value").
		Fills("Result Value", "21").Sees("There would be no percentage until the key result has a start value.").
		Submits("Save").Sees("KR-1 is added").Closes()
	r.alice.Types("/okr show KR-1").Sees("there is no start value to measure from", "Measuring the baseline").Closes()
	// A baseline's first value is offered as the start.
	r.alice.Types("/okr edit KR-1").Sees("Measure a baseline first").Chooses("Goal", "Reach the target").Sees("Start Value: 21").
		Fills("Target Value", "42").Sees("You would be at 0 % today").Submits("Save").Sees("KR-1 is saved").Closes()
}

// A card has two buttons, and the rest is in its kebab, each thing once.
func TestACardHasTwoButtons(t *testing.T) {
	r := ready(t)
	r.alice.Types("/okr check-in KR-1 120 counted twice").Sees("*120 (by hand)*")
	r.bob.Sees("→ 120", "[Sync Integration Data]", "[Details]", "Resume automatic").DoesNotSee("[Resume automatic]")
	r.bob.Presses("Resume automatic").Sees("Ask <@U0ALICE>")
	r.carol.Presses("Resume automatic").Sees("KR-1 follows its scores again.")
	r.until("the card without it", func() bool { return !strings.Contains(r.bob.Screen(), "Resume automatic") })
}

// TestValuesTypedWithTheirUnit are read wherever a value is typed; those of another unit are not.
func TestValuesTypedWithTheirUnit(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.alice.Types("/okr add-kr Coverage").Sees("== Add key result ==").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Unit of Measurement", "percent").Fills("Start Value", "10 %").Fills("Target Value", "60%").Fills("Result Value", "35%").
		Sees("You would be at 50 % today").Presses("More").Fills("Committed Result", "50 Percent").
		Sees("committed at 80 % of the way").Fills("Committed Result", "50h").
		Sees("Committed Result is not a number yet. The unit of measurement is percent. Enter the number alone, or with that unit.").
		Submits("Save").Sees("^ The unit of measurement is percent.").Fills("Committed Result", "50%").Submits("Save").Sees("is added").Closes()
	for value, typed := range map[int]string{36: "36%", 37: "37 Percent", 38: "38"} {
		r.alice.Types("/okr check-in KR-1").Sees("== Check in on KR-1 ==").Fills("Result Value", typed).Submits("Save").Sees("Saved.")
		if n := r.number("select count(*) from check_ins where value = $1", value); n != 1 {
			t.Errorf("%q is %d check-ins of %d", typed, n, value)
		}
	}
	r.alice.Types("/okr check-in KR-1 39 percent").Sees("Saved.", "*39 percent*").DoesNotSee(":memo:")
	r.alice.Types("/okr check-in KR-1").Sees("== Check in on KR-1 ==").Fills("Result Value", "40 Hours").Submits("Save").
		Sees("^ The unit of measurement is percent. Enter the number alone, or with that unit.").Closes()
	r.alice.Types("/okr check-in KR-1 40h").Sees("`40h`: The unit of measurement is percent.", "Nothing was saved.")
}

// TestAUnitTypedBesideAValueIsTheUnit where none is entered and nothing contradicts it.
func TestAUnitTypedBesideAValueIsTheUnit(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	const where = "Enter the number alone, and what it is measured in under Unit of Measurement."
	r.alice.Types("/okr add-kr Coverage").Sees("== Add key result ==", "(Where its values come from.)").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "10").Fills("Target Value", "60%").Fills("Result Value", "35").
		Sees("You would be at 50 % today", "Measured in %, as it is typed beside a value.").
		Fills("Result Value", "$35").Sees("Result Value is not a number yet. "+where).Submits("Save").Sees("^ "+where).
		Fills("Result Value", "35k").Submits("Save").Sees("^ The unit of measurement is %.").
		Fills("Result Value", "35 percent").Submits("Save").Sees("is added").Closes()
	if n := r.number("select count(*) from key_results where unit = '%' and target_value = 60 and result_value = 35"); n != 1 {
		t.Errorf("%d key results are measured in percent", n)
	}
	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==", "Unit of Measurement: %").DoesNotSee("as it is typed").
		Fills("Unit of Measurement", "Hours").Fills("Target Value", "60%").Submits("Save").Sees("^ The unit of measurement is Hours. Enter the number alone, or with that unit.").Closes()
}

// TestTheLastStepSaysWhatItCannotRead in the place of what the values would make, until it can.
func TestTheLastStepSaysWhatItCannotRead(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	r.alice.Types("/okr check-in KR-1 6").Sees("Saved.")
	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==", "You would be at 50 % today").
		Fills("Target Value", "twelve").Sees("Target Value is not a number yet. Enter digits only, such as 42 or 99.5.").DoesNotSee("You would be").
		Fills("Target Value", "24").Sees("You would be at 25 % today").DoesNotSee("not a number yet").
		Fills("Start Value", "1,5").Sees("Start Value is not a number yet. Write the number without separators").
		Fills("Start Value", "0").Sees("You would be at 25 % today").
		Fills("Target Value", "24 talks").Sees("Target Value is not a number yet. Enter the number alone").
		Fills("Unit of Measurement", "talks").Sees("You would be at 25 % today").DoesNotSee("not a number yet").
		Presses("More").Fills("Phased Targets", "tomorrow: 5").Sees("Phased Targets cannot be read yet. Line 1:").
		Fills("Phased Targets", "").Sees("You would be at 25 % today").
		Fills("Target Value", "-").Sees("Target Value is not a number yet.").Closes()
}
