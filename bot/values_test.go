package bot_test

import (
	"strings"
	"testing"
	"time"

	"okrbot/okr"
	"okrbot/sandbox/seed"
	sandbox "okrbot/sandbox/servicenow"
)

// addsObjectiveOf adds alice's objective of a period.
func (r *room) addsObjectiveOf(title string, p okr.Period) {
	r.t.Helper()
	r.alice.Types("/okr add-objective").Fills("Objective", title).Chooses("Period", "Dates…").
		Fills("First day", p.First.String()).Fills("Last day", p.Last.String()).Fills("Channel", "#it-okrs").
		Submits("Save").SeesNoModal().Sees("Objective added")
}

// offersDoubles puts a scorecard with daily scores, the last of today, onto ServiceNow.
func (r *room) offersDoubles(name, unit string, precision, direction int, scores ...float64) (id string) {
	r.t.Helper()
	s := sandbox.Scorecard{ID: seed.ID(name), Name: name, Unit: unit, Precision: precision, Direction: direction, Frequency: 10}
	for i, v := range scores {
		s.Scores = append(s.Scores, sandbox.Score{Day: (r.today() - okr.Day(len(scores)-1-i)).Time(), Value: v})
	}
	r.servicenow.Add(s)
	return s.ID
}

// Averages and percentages are computed doubles: they are read, kept to nine decimals with what was
// read beside them, and shown at the scorecard's precision.
func TestComputedDoubles(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, unit       string
		before, computed float64
		want, stored     string
		asRead           string
		listed           string // among the last readings
	}{
		{"First call resolution", "%", 4.1, 71.42857142857143, "4.10 % → 71.43 %", "71.428571429", "71.42857142857143", "71.43 %  (read as 71.42857142857143)\n"},
		{"Cost of a ticket", "$", 23.333333333333332, 4.1, "$23.33 → $4.10", "4.1", "", "$23.33  (read as 23.333333333333332)\n"},
		{"Requests of all time", "#", 123456789.12, 12345678901, "123,456,789.12 → 12,345,678,901.00", "12345678901", "", "12,345,678,901.00\n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := newRoom(t)
			id := r.offersDoubles(row.name, row.unit, 2, 3, 1, row.before)
			r.connects(r.alice)
			r.addsObjectiveOf("Run a calm service desk", okr.Period{First: r.today() - 20, Last: r.today() + 40})
			before, after, _ := strings.Cut(row.want, " → ")
			r.alice.Types("/okr add-kr").Fills("Key Result", "The computed one").Submits("Next").
				Chooses("Scorecard", row.name).Presses("Preview results").Sees("*"+before+"*  score of").Submits("Connect").
				Fills("Start Value", "0").Fills("Target Value", "99.950").Submits("Save").Sees("is added").Closes()
			r.isRead()
			r.bob.Sees("*" + before + "*")
			if err := r.servicenow.Collect(id, r.day(1).Time(), row.computed); err != nil {
				t.Fatal(err)
			}
			r.laterDays(1)
			r.bob.Sees(row.want, "*"+after+"*")
			r.alice.Types("/okr list").Sees("*" + after + "*")
			r.alice.Types("/okr show KR-1").Sees("*Result Value*\n"+after, "*Target Value*\n", "99.950", "(")
			if row.asRead != "" {
				r.alice.Sees("Result 71.43 % (read as 71.42857142857143)", "(71.43 − 0) / (99.950 − 0)").DoesNotSee("71.428571429")
			}
			r.alice.Sees(row.listed).Closes()
			var value, asRead string
			if err := r.database().QueryRow(t.Context(), "select value::text, as_read from scores order by day desc limit 1").Scan(&value, &asRead); err != nil {
				t.Fatal(err)
			}
			if value != row.stored || asRead != row.asRead {
				t.Errorf("stored %s, read as %q; want %s, %q", value, asRead, row.stored, row.asRead)
			}
		})
	}
}

// A start that was taken over from such a score is shown like one.
func TestAStartFromAComputedDouble(t *testing.T) {
	r := newRoom(t)
	r.offersDoubles("First call resolution", "%", 2, 3, 1, 71.42857142857143)
	r.connects(r.alice)
	r.addsObjectiveOf("Run a calm service desk", okr.Period{First: r.today() - 20, Last: r.today() + 40})
	r.alice.Types("/okr add-kr").Fills("Key Result", "The computed one").Submits("Next").
		Chooses("Scorecard", "First call resolution").Submits("Connect").
		Sees("Start Value: 71.428571429", "The current score, of ", "71.43 %.").
		Fills("Target Value", "90").Sees("You would be at 0 % today").Submits("Save").Sees("is added").Closes()
	r.bob.Sees("*71.43 %*, was ", "start 71.43 → target 90 % · progress 0 %")
	r.alice.Types("/okr show KR-1").Sees("*Start Value*\n71.43 %", "(71.43 − 71.43) / (90 − 71.43)").DoesNotSee("71.428571429").Closes()
}

// A number that cannot be kept is told by its own sentence, and the last good value stays.
func TestNumbersThatAreNotKept(t *testing.T) {
	r := ready(t)
	for raw, want := range map[string]string{
		"1.0E-12": "The scorecard's value is smaller than we can keep", "1.0E18": "The scorecard's value is too large", "1e400000000": "The scorecard's value is too large",
		`"NaN"`: "The scorecard's value is NaN", `"-Infinity"`: "The scorecard's value is infinite",
		`"1.234,5"`: "The scorecard's value is written for people", `"pending"`: "The scorecard's value is not a number.",
	} {
		fix := r.servicenow.Break(sandbox.Fault{Kind: sandbox.Raw, Text: raw})
		r.later(time.Minute)
		before := r.number("select count(*) from scores")
		r.alice.Types("/okr sync KR-1").Sees(want)
		if after := r.number("select count(*) from scores"); after != before {
			t.Errorf("%s: %d readings became %d", raw, before, after)
		}
		fix()
	}
	r.alice.Types("/okr show KR-1").DoesNotSee("Achieved").Closes()
}

// A value that is entered for a period that is over counts for its last day; one for a day outside is
// refused, or told not to count yet.
func TestAValueOfAFinishedPeriod(t *testing.T) {
	r := newRoom(t)
	over := okr.Period{First: r.today() - 60, Last: r.today() - 10}
	r.addsObjectiveOf("Last time", over)
	r.alice.Types("/okr add-kr").Fills("Key Result", "Interviews held").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "0").Fills("Result Value", "4.10").Fills("Target Value", "8.20").Sees("You would be at 50 % today").
		Submits("Save").Sees("is added", "4.10 is kept. It counts for "+over.Last.Words()).Closes()
	r.alice.Types("/okr show KR-1").Sees("*4.10* · progress 50 %", "value of "+over.Last.Time().Format("2 Jan")).Closes()
	r.alice.Types("/okr check-in KR-1").Fills("Result Value", "5").Fills("As of", r.today().String()).Submits("Save").
		Sees("^ The objective's period ended on "+over.Last.Words()).
		Fills("As of", over.Last.String()).Submits("Save").SeesNoModal().Sees("progress 60 %")
}

func TestAValueOfAPeriodThatHasNotBegun(t *testing.T) {
	r := newRoom(t)
	ahead := okr.Period{First: r.today() + 10, Last: r.today() + 60}
	r.addsObjectiveOf("Next time", ahead)
	r.alice.Types("/okr add-kr").Fills("Key Result", "Interviews held").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "0").Fills("Result Value", "4").Fills("Target Value", "8").
		Submits("Save").Sees("is added", "4 is kept. Its day is before the period, so it does not count: the objective begins on "+ahead.First.Words()).Closes()
	r.alice.Types("/okr check-in KR-1").Fills("Result Value", "5").Submits("Save").SeesNoModal().
		Sees("Saved. Its day is before the period, so it does not count: the objective begins on "+ahead.First.Words(), "before the period *5, value of ")
	r.alice.Types("/okr show KR-1").Sees("No percentage: there is no reading from " + ahead.First.Words() + " to " + ahead.Last.Words() + ". That is not the same as 0 %.").Closes()
}

// The start is suggested from the score of the period's first day, and the form says which it is. What
// lies beyond the data is found by the whole history, and never said where no scores were read.
func TestTheStartIsSuggestedFromThePeriodsFirstDay(t *testing.T) {
	r := newRoom(t)
	scores := make([]float64, 60) // 101 of 59 days ago … 160 of today
	for i := range scores {
		scores[i] = float64(101 + i)
	}
	r.offersDoubles("Answered calls", "#", 0, 3, scores...)
	r.connects(r.alice)
	over := okr.Period{First: r.today() - 30, Last: r.today() + 30}
	r.addsObjectiveOf("Run a calm service desk", over)
	r.alice.Types("/okr add-kr").Fills("Key Result", "More calls").Submits("Next").
		Chooses("Scorecard", "Answered calls").Submits("Connect").
		Sees("Start Value: 130", "Score of "+over.First.Time().Format("2 Jan"), "the period's first day: 130.").
		Fills("Target Value", "200").Sees("You would be at 42 % today").
		Fills("Start Value", "101").DoesNotSee("lies beyond the data").
		Fills("Start Value", "100").Sees("The start value lies beyond the data: the scores that were read run from 101 to 160.").
		Fills("Start Value", "130").Submits("Save").Sees("is added").Closes()
}

func TestNothingLiesBeyondTheDataOfPeople(t *testing.T) {
	r := newRoom(t)
	r.addsObjective(r.alice, "Ship it")
	r.alice.Types("/okr add-kr").Fills("Key Result", "Interviews held").
		Chooses("Pull data from external applications", "I will update it myself").Submits("Next").
		Fills("Start Value", "0").Fills("Result Value", "3").Fills("Target Value", "12").DoesNotSee("lies beyond the data")
}

// A target that was entered with zeros keeps them: in its form, in what changed, in why, and over a close-out.
func TestZerosThatWereEnteredStay(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "10.50")
	r.alice.Types("/okr show KR-1").Sees("target 10.50").Closes()
	r.alice.Types("/okr edit KR-1").Sees("Target Value: 10.50").Fills("Target Value", "12.00").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Types("/okr show KR-1").Sees("edited: target 10.50 → 12.00", "• <@U0ALICE> changed the target from 10.50 to 12.00 on").Closes()
	r.alice.Types("/okr edit KR-1").Sees("Target Value: 12.00").Fills("Target Value", "12").Submits("Save").Sees("KR-1 is saved").Closes()
	r.alice.Types("/okr show KR-1").Sees("== KR-1 ==").DoesNotSee("12.00 → 12").Closes()
	r.alice.Types("/okr edit KR-1").Sees("== Edit KR-1 ==").Fills("Target Value", "12.50").Submits("Save").Sees("KR-1 is saved").Closes()
	o := r.objective()
	r.beyond(o, 1)
	r.alice.Types("/okr close-out").Sees("== Close out ==").Chooses("Carry over to "+okr.NextQuarter(o.Period.Last).Words(), "KR-1").Submits("Close out").
		Sees("== Carry over ==", "Target Value: 12.50").Submits("Close out").SeesNoModal().Sees("goes on in")
	r.alice.Types("/okr edit KR-2").Sees("Target Value: 12.50").Closes()
}
