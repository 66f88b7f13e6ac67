package bot_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestHostileLongMentions: a message may have forty thousand characters, and all of them could be a title.
func TestHostileLongMentions(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	for i, text := range []string{strings.Repeat("a ", 20_000), strings.Repeat("&lt;", 10_000), strings.Repeat("a,", 20_000), strings.Repeat("a", 40_000), strings.Repeat("<@U0BOB> ", 4400)} {
		for _, verb := range []string{"", "list", "show", "check-in", "check-in fewer incidents 7 ", "remove"} {
			before := r.alice.Counts("This is longer than a command can be")
			r.mention(fmt.Sprintf("EvL%d%s", i, verb), "<@U0OKRBOT> "+verb+" "+text, "")
			r.until("an answer", func() bool { return r.alice.Counts("This is longer than a command can be") == before+1 })
		}
	}
	if n := r.number("select count(*) from check_ins"); n != 0 {
		t.Errorf("%d check-ins", n)
	}
}

// TestHostileQuotedMention: who quotes somebody else's mention says it to people, and does not do it.
func TestHostileQuotedMention(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	r.bob.Types("@okrbot check-in KR-1 0 it is a mess").Sees("You may not check in on KR-1.")
	if status := r.mention("EvQ", "&gt; <@U0OKRBOT> check-in KR-1 0 it is a mess\nwhy did you write this?", ""); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	r.settles()
	if n := r.number(`select count(*) from check_ins`); n != 0 {
		t.Errorf("%d check-ins of what was quoted", n)
	}
	r.mention("EvQ2", "&gt; remove KR-1\n<@U0OKRBOT> check-in KR-1 5", "")
	r.alice.Sees("Saved.")
	r.mention("EvQ3", "&gt;&gt;&gt; <@U0OKRBOT> check-in KR-1 0\nit is a mess", "")
	r.settles()
	if n := r.number(`select count(*) from check_ins`); n != 1 {
		t.Errorf("%d check-ins", n)
	}
}

func TestHostileOddMentions(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	for i, text := range []string{"<@U0OKRBOT> <@U0OKRBOT> list", "<@U0OKRBOT> list <@U0OKRBOT>", "<@U0OKRBOT|okrbot> list", "<@U0OKRBOT>\nlist", "<@U0OKRBOT>list", "<@U0OKRBOT> <!channel>", "<@U0OKRBOT> show <!channel|x>", "<@U0OKRBOT> show <@U0BOB>", "<@U0OKRBOT> help <!everyone> <https://evil.example|here>", "(<@U0OKRBOT>) list", "<@U0BOB> <@U0OKRBOT> list <@U0BOB>", "hey <@U0BOB> ask <@U0OKRBOT>"} {
		before := len(r.messagesOf("alice", ""))
		r.mention(fmt.Sprintf("EvO%d", i), text, "")
		r.until("answer to "+text, func() bool { return len(r.messagesOf("alice", "")) > before })
		all := r.messagesOf("alice", "")
		var last string
		for _, m := range all {
			if m.Ephemeral == "U0ALICE" {
				last = m.Read()
			}
		}
		t.Logf("%q: %.160s", text, strings.ReplaceAll(last, "\n", " / "))
	}
}

// TestHostileOpenIsWhatItSays: the button of a mention's answer does to the key result that it named.
func TestHostileOpenIsWhatItSays(t *testing.T) {
	r := newRoom(t)
	r.byHand("Uptime", "100")
	r.connects(r.alice)
	r.addsKeyResult(r.alice, "Fewer open incidents", "Number of open incidents", "100")
	r.isRead()
	r.alice.Types("@okrbot check-in fewer open incidents 42").Sees("*Check in on KR-2* opens in a window.")
	r.do("update key_results set title = 'Another one' where number = 2")
	r.do("update key_results set title = 'Fewer open incidents' where number = 1")
	r.alice.Presses("Open")
	r.settles()
	if n := r.number(`select count(*) from check_ins`); n != 0 {
		t.Errorf("a button to a window about KR-2 saved a value of KR-1:\n%s", r.alice.Screen())
	}
}

// TestHostileNotes: any message can become a note.
func TestHostileNotes(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	for i, text := range []string{
		strings.Repeat("&", 8000), strings.Repeat("x", 40000), "<!channel> *KR-9* `a` <https://evil.example|fine>", strings.Repeat("\n", 300) + "x", strings.Repeat("👩‍👩‍👧‍👧", 3000), strings.Repeat("<channel> ", 3000), "\u202eevil", strings.Repeat("<@U0BOB> ", 3000),
	} {
		r.bob.Types(fmt.Sprintf("mark%d ", i) + text)
		r.alice.UsesOn(fmt.Sprintf("mark%d ", i), "Add as check-in note").Sees("== Add as check-in note ==").
			Chooses("Key Result", "KR-1 Fewer incidents").Submits("Next").Sees("== Check in on KR-1 ==").Fills("Result Value", fmt.Sprint(i)).Submits("Save").SeesNoModal()
		r.until("saved", func() bool { return r.number(`select count(*) from check_ins`) == i+1 })
	}
	r.settles()
	r.alice.Types("/okr show KR-1").Sees("== KR-1 ==").Closes()
}

func TestHostileManyTitles(t *testing.T) {
	r := newRoom(t)
	r.byHand("Fewer incidents", "12")
	for _, w := range []string{"e ", "& ", "i n "} {
		for _, n := range []int{50, 200, 300, 380, 420, 460} {
			r.alice.Types("/okr list " + strings.Repeat(w, n))
		}
	}
	r.adds("a & b", "12")
	r.alice.Types("/okr list " + strings.Repeat("& ", 180))
	r.alice.Types("/okr list " + strings.Repeat("a ", 420))
	r.alice.Types("/okr list " + strings.Repeat("a ", 2000)).Sees("List what? These are 2000 words, and a list is of 60 at most. Nothing was looked for. `/okr list` takes")
	r.alice.Types("/okr list "+strings.Repeat("a ", 60)).Sees("*Key results with `a`", "*KR-2* a &amp; b")
}
