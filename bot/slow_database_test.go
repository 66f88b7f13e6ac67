package bot_test

import (
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"okrbot/store/storetest"
)

// gate is a way to the database that can be shut, or slowed.
type gate struct {
	listener net.Listener
	shut     atomic.Bool
	slow     atomic.Int64 // nanoseconds that what was said waits, either way
}

func newGate(t *testing.T, network, to string) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{listener: l}
	t.Cleanup(func() { _ = l.Close() })
	pass := func(dst, src net.Conn) {
		defer dst.Close()
		buf := make([]byte, 32<<10)
		for {
			n, err := src.Read(buf)
			time.Sleep(time.Duration(g.slow.Load()))
			for g.shut.Load() {
				time.Sleep(5 * time.Millisecond)
			}
			if n > 0 {
				if _, err := dst.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial(network, to)
			if err != nil {
				_ = in.Close()
				continue
			}
			go pass(in, out)
			go pass(out, in)
		}
	}()
	return g
}

func TestAnswersComeInTimeWhileTheDatabaseIsSilent(t *testing.T) {
	r := newRoom(t)
	r.refusalsExpected = true // the triggers here are not Slack's
	g, second := r.behindAGate()
	handler := second.Handler()
	ask := func(req *http.Request) (int, string, time.Duration) {
		began := time.Now()
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, req)
		return w.Code, w.Body.String(), time.Since(began)
	}
	tries := 0
	r.until("an answer before", func() bool { // the first ones may come too late on a busy machine
		before := r.command("help")
		tries++
		before.Set("try", fmt.Sprint(tries))
		status, body, _ := ask(r.signed("/slack/commands", formType, before.Encode(), time.Now()))
		return status == http.StatusOK && strings.Contains(body, "/okr add-kr")
	})
	payloads := r.payloads()
	g.shut.Store(true)
	// A busy machine wakes us late, and by so much may an answer be late.
	late := make(chan time.Duration, 1)
	go func() {
		began := time.Now()
		<-time.After(2 * time.Second)
		late <- time.Since(began) - 2*time.Second
	}()
	var mu sync.Mutex
	slowest, slowestName := time.Duration(0), ""
	var all sync.WaitGroup
	for name, req := range payloads {
		all.Go(func() {
			status, body, took := ask(req)
			mu.Lock()
			if took > slowest {
				slowest, slowestName = took, name
			}
			mu.Unlock()
			switch name {
			case "slash command":
				if !strings.Contains(body, "try again") {
					t.Errorf("%s: %d %q", name, status, body)
				}
			case "view_submission":
				if !strings.Contains(body, "try again") || !strings.Contains(body, "errors") {
					t.Errorf("%s: %d %q", name, status, body)
				}
			case "app_home_opened":
				if status != http.StatusServiceUnavailable {
					t.Errorf("%s: %d, so Slack does not send it again", name, status)
				}
			}
		})
	}
	all.Wait()
	if by := <-late; slowest > 2500*time.Millisecond+by {
		t.Errorf("%s was answered after %v, on a machine that is %v late", slowestName, slowest, by)
	}
	g.shut.Store(false)
	r.until("an answer after the database came back", func() bool {
		again := r.command("list mine")
		tries++
		again.Set("try", fmt.Sprint(tries)) // one with the same words is taken for the same delivery
		status, body, _ := ask(r.signed("/slack/commands", formType, again.Encode(), time.Now()))
		return status == http.StatusOK && !strings.Contains(body, "try again") && body != ""
	})
	o := r.slack.Options()
	event := fmt.Sprintf(`{"type":"event_callback","team_id":%q,"api_app_id":%q,"event_id":"app_home_opened","event":{"type":"app_home_opened","user":"U0ALICE","tab":"home"}}`, o.TeamID, o.AppID)
	if n := r.slack.Calls("views.publish"); n != 0 {
		t.Fatalf("Home was shown %d times before", n)
	}
	r.until("the event that was not taken being taken when it comes again", func() bool {
		status, _, _ := ask(r.signed("/slack/events", "application/json", event, time.Now()))
		if status != http.StatusOK && status != http.StatusServiceUnavailable {
			t.Fatalf("the event that was not taken comes again: %d", status)
		}
		return status == http.StatusOK
	})
	r.until("its effect", func() bool { return r.slack.Calls("views.publish") > 0 })
}

// TestACrowdIsAnsweredOrToldSo has more people ask at once than can be answered: nobody is left
// without words, and whoever has no turn hears it without having to wait for the others.
func TestACrowdIsAnsweredOrToldSo(t *testing.T) {
	r := newRoom(t)
	g, second := r.behindAGate()
	handler := second.Handler()
	ask := func(n int) string {
		command := r.command("help")
		command.Set("n", fmt.Sprint(n)) // one with the same words is taken for the same delivery
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r.signed("/slack/commands", formType, command.Encode(), time.Now()))
		if w.Code != http.StatusOK {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
		return w.Body.String()
	}
	tries := 0
	answered := func() bool {
		tries++
		return strings.Contains(ask(-tries), "/okr add-kr")
	}
	r.until("an answer before", answered) // the first ones may come too late on a busy machine
	g.shut.Store(true)
	const crowd = 600
	var slow, refused atomic.Int64
	var all sync.WaitGroup
	for n := range crowd {
		all.Go(func() {
			switch said := ask(n + 1); {
			case strings.Contains(said, "slow at the moment. Nothing was saved; try again"):
				slow.Add(1)
			case strings.Contains(said, "a lot to do at the moment. Nothing was saved; try again"):
				refused.Add(1)
			default:
				t.Errorf("told %q", said)
			}
		})
	}
	all.Wait()
	// Of all these only a few had begun something that they could not end.
	if slow.Load() > 16 || refused.Load()+slow.Load() != crowd {
		t.Errorf("%d of %d were told that it is slow, %d that there is too much to do", slow.Load(), crowd, refused.Load())
	}
	g.shut.Store(false)
	r.until("an answer after the crowd has gone", answered)
}

func TestAnEventThatNobodyFinishedIsTakenAgain(t *testing.T) {
	r := newRoom(t)
	r.alice.Types("/okr help").Sees("/okr add-kr") // so that she is known
	o := r.slack.Options()
	event := func() int {
		body := fmt.Sprintf(`{"type":"event_callback","team_id":%q,"api_app_id":%q,"event_id":"Ev7","event":{"type":"app_home_opened","user":"U0ALICE","tab":"home"}}`, o.TeamID, o.AppID)
		status, _ := r.post(r.signed("/slack/events", "application/json", body, time.Now()))
		return status
	}
	// A process took it and died.
	key := sha256.Sum256([]byte(o.TeamID + " Ev7"))
	if fresh, err := r.store.BeginEvent(t.Context(), key[:]); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	if status := event(); status != http.StatusServiceUnavailable {
		t.Errorf("while another may be acting on it: %d", status)
	}
	r.later(6 * time.Second)
	for range 3 {
		if status := event(); status != http.StatusOK {
			t.Errorf("sent again: %d", status)
		}
	}
	r.until("Home being shown", func() bool { return r.slack.Calls("views.publish") > 0 })
	r.bot.Close()
	if n := r.slack.Calls("views.publish"); n != 1 {
		t.Errorf("Home was shown %d times", n)
	}
}

// TestALostCommitIsNotCalledUnsaved has the answer to a commit be lost, or be the last word of the
// database: it was carried out, so nobody is told that nothing was saved.
func TestALostCommitIsNotCalledUnsaved(t *testing.T) {
	t.Parallel()
	for name, loses := range map[string]func(*storetest.Deaf){
		"cannot tell whether it was": func(d *storetest.Deaf) { d.Next.Store(true) }, "Have a look before you do it again": func(d *storetest.Deaf) { d.Last.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			r.byHand("Interviews held", "12")
			deaf := storetest.NewDeaf(t, r.dsn)
			second := r.another(storetest.Open(t, deaf.DSN), patience)
			t.Cleanup(second.Close)
			if err := second.Introduce(t.Context()); err != nil {
				t.Fatal(err)
			}
			loses(deaf)
			w := httptest.NewRecorder()
			second.Handler().ServeHTTP(w, r.signed("/slack/commands", formType, r.command("check-in KR-1 3").Encode(), time.Now()))
			if said := w.Body.String(); !strings.Contains(said, name) || strings.Contains(said, "othing was saved") {
				t.Errorf("told %s", said)
			}
			if n := r.number("select count(*) from check_ins where value = 3"); n != 1 {
				t.Errorf("%d check-ins", n)
			}
		})
	}
}

// TestAnAnswerThatFailsAfterACommit has the database be there and save, and not say the time after it.
func TestAnAnswerThatFailsAfterACommit(t *testing.T) {
	r := newRoom(t)
	r.byHand("Interviews held", "12")
	deaf := storetest.NewDeaf(t, r.dsn)
	second := r.another(storetest.Open(t, deaf.DSN+" application_name=timeless"), patience)
	t.Cleanup(second.Close)
	if err := second.Introduce(t.Context()); err != nil {
		t.Fatal(err)
	}
	database := r.database()
	var broken error
	breaks := func() {
		_, broken = database.Exec(t.Context(), `create or replace function shifted.now() returns timestamptz language plpgsql stable as $$
begin
  if current_setting('application_name') = 'timeless' then
    raise exception 'no time';
  end if;
  return pg_catalog.now();
end $$`)
	}
	deaf.Hold.Store(&breaks)
	w := httptest.NewRecorder()
	second.Handler().ServeHTTP(w, r.signed("/slack/commands", formType, r.command("check-in KR-1 3").Encode(), time.Now()))
	if said := w.Body.String(); broken != nil || !strings.Contains(said, "after something was saved. Have a look before you do it again") || strings.Contains(said, "othing was saved") || strings.Contains(said, "database") {
		t.Errorf("told %s, %v", said, broken)
	}
	if n := r.number("select count(*) from check_ins where value = 3"); n != 1 {
		t.Errorf("%d check-ins", n)
	}
}
