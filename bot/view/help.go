package view

import (
	"slices"
	"strings"

	"github.com/slack-go/slack"
)

// topic is one verb of /okr, as help shows it.
type topic struct {
	verb, args, line string
	more             string // what it does, who may, what comes next
	example          string
}

// topics are in the order in which a newcomer needs them.
var topics = []topic{
	{"connect", "[address]", "connect {systems}",
		"Asks for the address and how to sign in, and checks it step by step: address, TLS, sign-in, and what can be read. What fails says why and what to do. A connection is yours alone; an administrator can share theirs with the workspace. An address after the verb, `acme` or a whole one, is filled in.", "/okr connect acme"},
	{"connections", "", "the connections you can use",
		"Lists your connections and the shared ones, twenty at a time, with their state, their last success and how many key results read through them.", "/okr connections"},
	{"add-objective", "[title]", "add an objective",
		"Asks for a title, an owner and co-owners, a period, a time zone, a channel, and the objective that it serves. Key results are added to it with `/okr add-kr`. Words after the verb are its title.", "/okr add-objective Run a calm service desk"},
	{"objectives", "[words]", "list objectives",
		"Those that you own or co-own first, then the others, each with how its key results stand: of both those whose period runs, then those that are over, then those to come. Words narrow it to those that have them in their title. One objective is `O-1`: `/okr show O-1`, `/okr edit O-1` and `/okr remove O-1` take it.", "/okr objectives"},
	{"add-kr", "[title]", "add a key result",
		"Takes you from an objective to a scorecard, shows its values before you connect it, and asks for start, target and cadence. From then on the key result keeps itself true. Or choose to update it yourself. Words after the verb are its title.", "/okr add-kr Fewer open incidents"},
	{"list", "[needs-me | mine | @person | #channel | at-risk | Q4 | O-1 | words | by:name]", "list key results",
		"The worst first, twenty at a time, each under its objective; *Previous* and *Next* turn the pages in place. Without a word after it: all of them. Any of these in any order: `mine`, `@person` or a name (what they own or co-own, and what is under their objectives), `#channel`, a period such as `Q4` (the nearest one), `Q4 2026`, `2026` or `next quarter`, an objective such as `O-1`, and words of a title; what is in quotes is those for certain. A status is exactly that one: `at-risk`, `behind`, `on-track`, `achieved`, `missed`, `too-early`, `not-started`, `stale`, `not-syncing`, `no-data`, `paused`. `needs-me` lists what waits for you: what is not syncing, stale, at risk, or without a check-in for two weeks. `by:name`, `by:number`, `by:owner` and `by:worst` order it across objectives.", "/okr list at-risk Q4 @bob"},
	{"show", "KR-1 | O-1 | words", "everything about one key result or objective",
		"Words of its title do in the place of a number, here and wherever one is named: `/okr show open incidents`. Where several titles have them, you choose. Numbers and why they are what they are, dates, last readings, source, cadence, and who may change it. *Post to channel* shows it to everybody, with its chart. Of an objective: its key results, the worst first, and the objectives below it.", "/okr show KR-1"},
	{"edit", "KR-1 | O-1", "change a key result or an objective",
		"The same form as when it was added, and where it reads from. For its owner, co-owners, those of the objective and administrators. What changed is recorded. Of an objective: title, owner, co-owners, period, time zone, channel and parent; who becomes its owner is told.", "/okr edit KR-1"},
	{"check-in", "KR-1 [value] [note]", "enter a value or a note",
		"A value for a day, your confidence, and a note. Where the value is read from {systems}, yours stands in for it with a reason: once, until there is a newer score, or until a date. *Resume automatic* ends that. A value after the key result is recorded at once, as of today or of the day behind it, `42 yesterday` or `42 on 24 Nov`, with a note if there is one. Where the value is read, the words after it are the reason and it stands once; without them the form opens with it. A title works as well as a number, in quotes where it holds numbers of its own: `/okr check-in \"Fewer incidents\" 42`.", "/okr check-in KR-1 42 after the audit"},
	{"sync", "KR-1 … | all", "read from {systems} now",
		"Reads one key result or several. With `all` it reads every one you look after that is not paused; with nothing after it, it asks which one. The outcome is told to you, changed values to the channel. It does not move the cadence.", "/okr sync KR-1"},
	{"pause", "KR-1", "stop reading a key result", "It is not read by itself any more; its readings stay, and `/okr sync KR-1` reads it once. `/okr resume KR-1` goes on.", "/okr pause KR-1"},
	{"resume", "KR-1", "go on reading it", "From the next slot of its cadence on.", "/okr resume KR-1"},
	{"remove", "KR-1 | O-1", "delete a key result or an objective", "Asks before, and names what goes with it. Of an objective it names each key result: each moves to another objective, or is removed with it.", "/okr remove KR-1"},
	{"settings", "", "when a key result is behind or at risk",
		"For administrators: how many points behind the pace are still on track, how many are behind, and how far beyond a bound a change is announced. It holds for the whole workspace.", "/okr settings"},
	{"close-out", "[O-1 | words]", "close an objective whose period is over",
		"Shows how each key result ended, and saves score and verdict for good. Choose what goes on in the next quarter: it starts at the last value. The summary is posted in the objective's channel. For the objective's owner, its co-owners and administrators. Of several, a number or words of a title choose.", "/okr close-out O-1"},
	{"export", "[csv | json]", "objectives and key results, as files",
		"Sends you a CSV for spreadsheets and a JSON for programs, by direct message. With `csv` or `json` only that one. Guests get what they own or look after.", "/okr export csv"},
	{"subscribe", "[#channel | me]", "the weekly digest, in this channel",
		"Mondays at nine, in your time zone: how the key results that are announced in the channel stand, with charts of those that need a look. With `me`: yours, by direct message. With a `#channel`: there; a private one is for those who are in it.", "/okr subscribe #service-desk"},
	{"unsubscribe", "[#channel | me]", "no weekly digest here", "Ends it here, in the `#channel` that is named, or with `me` your own.", "/okr unsubscribe"},
	{"subscriptions", "", "who gets the weekly digest", "", "/okr subscriptions"},
	{"help", "[verb]", "this list, or more about one verb", "", "/okr help sync"},
}

// forLooking are the verbs that guests may use: they change nothing of others'.
var forLooking = []string{"objectives", "list", "show", "export", "unsubscribe", "subscriptions", "help"}

// ForLooking says whether a verb is for those who only look as well.
func ForLooking(verb string) bool { return slices.Contains(forLooking, verb) }

// Help lists every verb in a line; for those who only look, the ones that are for them.
func Help(systems Systems, looks bool) Message {
	lines := []string{"*okrbot keeps Key Results true, from scorecards in " + systems.Words() + ".*", "`/okr`  my objectives"}
	for _, t := range topics {
		if !looks || ForLooking(t.verb) {
			lines = append(lines, "`/okr "+t.called()+"`  "+systems.in(t.line))
		}
	}
	next := "Begin with `/okr connect`, then `/okr add-objective` and `/okr add-kr`. More about one: `/okr help sync`."
	if looks {
		next = "Guests look at what there is; members of this workspace add and change it. More about one: `/okr help list`."
	}
	return Message{Text: "What /okr can do", Blocks: []slack.Block{
		section(strings.Join(lines, "\n")),
		note(next),
	}}
}

// HelpOn says more about one verb.
func HelpOn(verb string, systems Systems, looks bool) (Message, bool) {
	for _, t := range topics {
		if t.verb == verb {
			text := "*`/okr " + t.called() + "`*  " + systems.in(t.line)
			if t.more != "" {
				text += "\n" + systems.in(t.more)
			}
			if looks && !ForLooking(verb) {
				text += "\nGuests cannot do this. Ask a member of this workspace."
			}
			return Text(text + "\nExample: `" + t.example + "`"), true
		}
	}
	return Message{}, false
}

// in names the systems in a sentence that has {systems}.
func (s Systems) in(text string) string { return strings.ReplaceAll(text, "{systems}", s.Words()) }

func (t topic) called() string { return strings.TrimSpace(t.verb + " " + t.args) }

// DidYouMean offers for what is no verb those that are close to it, and says where all are. A mention is no
// slash command, and is said back as it was written.
func DidYouMean(typed string, mention bool, near []string) Message {
	text := "There is no command " + Quote("/okr "+Cut(typed, 30)) + ". "
	if mention {
		text = "okrbot did not understand " + Quote(Cut(typed, 60)) + ". "
	}
	near = slices.DeleteFunc(slices.Clone(near), func(n string) bool { return n == "help" })
	if len(near) > 0 {
		quoted := make([]string, len(near))
		for i, n := range near {
			quoted[i] = Quote("/okr " + n)
		}
		text += "Did you mean " + strings.Join(quoted, " or ") + "? "
	}
	text += "`/okr help` lists all commands"
	if mention {
		text += "; a mention takes them without `/okr`"
	}
	return Text(text + ".")
}
