package wizard

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"okrbot/accounts"
	"okrbot/bot/desk"
	"okrbot/bot/view"
	"okrbot/integrations"
	"okrbot/jobs"
	"okrbot/okr"
	"okrbot/store"
)

const (
	choicesMost = 50                     // scorecards of a type-ahead
	nearMost    = 10                     // of those whose names are only near
	liveWithin  = 250 * time.Millisecond // from a query on, of a search that the directory could not answer
)

// ScorecardChoices fills the type-ahead from the connection's directory. When that finds nothing, the
// system is asked for as long as the person does not notice; when that has nothing either, the nearest
// names are offered, marked as near.
func (f *Flow) ScorecardChoices(ctx context.Context, g desk.Gesture) (desk.Reply, error) {
	began := time.Now()
	w, err := f.load(ctx, g, g.View.Draft)
	var c store.Connection
	if err == nil {
		if shown := view.ParseScorecard(g.View.State).Connection; shown != 0 {
			w.Connection = shown // as the person sees it, also where nobody heard of that choice
		}
		c, err = f.usableConnection(ctx, w)
	}
	if desk.IsNotFound(err) {
		return desk.Reply{Options: view.Options(nil)}, nil
	}
	if err != nil {
		return desk.Reply{}, err
	}
	list, err := f.searchDirectory(ctx, c, g.Query)
	if err != nil {
		return desk.Reply{}, err
	}
	if len(list) > 0 {
		return f.offerScorecards(ctx, c, list)
	}
	switch c.State {
	case store.Active:
	case store.Broken:
		return desk.Reply{Options: view.Unopened.Option(f.searched(c.Kind))}, nil
	default:
		return desk.Reply{Options: view.Refused.Option(f.searched(c.Kind))}, nil
	}
	return f.searchFurther(ctx, c, g.Query, liveWithin-time.Since(began))
}

// searchDirectory finds whole scorecards in a connection's directory.
func (f *Flow) searchDirectory(ctx context.Context, c store.Connection, words string) ([]view.ScorecardChoice, error) {
	found, err := f.Store.SearchScorecards(ctx, c, words, choicesMost)
	return f.wholeScorecards(c, found), err
}

// searchFurther answers a search that the directory has nothing for: from the system, else with names
// that are near, else with why there is nothing.
func (f *Flow) searchFurther(ctx context.Context, c store.Connection, words string, within time.Duration) (desk.Reply, error) {
	near, err := f.nearScorecards(ctx, c, words)
	if err != nil {
		return desk.Reply{}, err
	}
	found, failure := f.searchLive(ctx, c, words, within)
	// The directory has it now, and knows which comes first.
	list, err := f.searchDirectory(ctx, c, words)
	if err != nil {
		return desk.Reply{}, err
	}
	if len(list) == 0 {
		list = found[:min(len(found), choicesMost)]
	}
	if len(list) > 0 {
		return f.offerScorecards(ctx, c, list)
	}
	if len(near) > 0 {
		reply, err := f.offerScorecards(ctx, c, near)
		reply.Options = append(view.OnlyNear.Option(f.searched(c.Kind)), reply.Options...)
		return reply, err
	}
	return desk.Reply{Options: f.nothing(c.Kind, words, failure).Option(f.searched(c.Kind))}, nil
}

// offerScorecards are the options of a type-ahead, each told from others of its name.
func (f *Flow) offerScorecards(ctx context.Context, c store.Connection, list []view.ScorecardChoice) (desk.Reply, error) {
	references := make([]string, len(list))
	for i, s := range list {
		references[i] = s.Reference
	}
	twins, err := f.Store.ScorecardTwins(ctx, c, references...)
	return desk.Reply{Options: view.ScorecardChoices(list, f.wholeScorecards(c, twins))}, err
}

// nearScorecards are those of a connection's directory whose names are nearest to misspelt words.
func (f *Flow) nearScorecards(ctx context.Context, c store.Connection, words string) ([]view.ScorecardChoice, error) {
	misspelt := okr.Misspelt(words)
	if misspelt.Nothing() {
		return nil, nil
	}
	type near struct {
		reference string
		far       okr.Distance
	}
	var found []near
	err := f.Store.EachScorecardName(ctx, c, func(reference, name string, liked bool) {
		if far, ok := misspelt.Near(name, liked); ok {
			found = append(found, near{reference, far})
		}
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	slices.SortFunc(found, func(a, b near) int {
		return cmp.Or(a.far.Compare(b.far), cmp.Compare(a.reference, b.reference))
	})
	var references []string
	for _, n := range found[:min(len(found), nearMost)] {
		references = append(references, n.reference)
	}
	rows, err := f.Store.NearScorecards(ctx, c, references)
	list := f.wholeScorecards(c, rows)
	for i := range list {
		list[i].Near = true
	}
	return list, err
}

// searchWords are what a kind of system adds to what is said of a search.
func (f *Flow) searchWords(kind string) integrations.SearchWords {
	if connector, err := f.connectors.ByKind(kind); err == nil {
		if w, ok := connector.(integrations.Worded); ok {
			return w.SearchWords()
		}
	}
	return integrations.SearchWords{}
}

// searched is a kind of system as the reasons for finding nothing speak of it.
func (f *Flow) searched(kind string) view.Searched {
	w := f.searchWords(kind)
	return view.Searched{
		System: f.connectors.Name(kind), Unfound: w.Unfound, Unlisted: w.Unlisted, Commas: w.Commas,
		Forbidden: cmp.Or(w.Forbidden, "Ask whoever runs it to allow that."),
	}
}

// nothing is why a search found no scorecard.
func (f *Flow) nothing(kind, words string, err error) view.Nothing {
	var failure *integrations.Error
	switch {
	case errors.As(err, &failure) && failure.Class == integrations.Forbidden:
		return view.NotAllowed
	case errors.As(err, &failure) && failure.Cause == accounts.Broken().Cause:
		return view.Unopened
	case errors.As(err, &failure) && failure.Class == integrations.Unauthorized:
		return view.Refused
	case errors.As(err, &failure) && failure.Class == integrations.RateLimited:
		return view.AsksToWait
	case err != nil:
		return view.NotInTime
	case strings.TrimSpace(words) == "":
		return view.NoneYet
	case strings.Contains(strings.Trim(words, ", "), ",") && f.searchWords(kind).Commas != "":
		return view.NotAll
	}
	return view.NoSuchName
}

// wholeScorecards are those of a list that are no part of another one: parts are chosen afterwards.
func (f *Flow) wholeScorecards(c store.Connection, found []store.Scorecard) []view.ScorecardChoice {
	unlisted := cmp.Or(f.searchWords(c.Kind).Hidden, "not listed")
	var list []view.ScorecardChoice
	for _, s := range found {
		if f.partOf(c, s.Reference).Scorecard == s.Reference {
			choice := view.ScorecardChoice{Reference: s.Reference, Name: s.Name, Description: s.Description, Unit: s.Unit, Frequency: s.Frequency}
			if s.Hidden {
				choice.Hidden = unlisted
			}
			list = append(list, choice)
		}
	}
	return list
}

// Distinction is what tells the scorecard of a reference, which may be a part of it, from others of its
// name in the connection; empty when there is none.
func (f *Flow) Distinction(ctx context.Context, c store.Connection, reference string) (string, error) {
	scorecard := f.partOf(c, reference).Scorecard
	twins, err := f.Store.ScorecardTwins(ctx, c, scorecard)
	if err != nil {
		return "", err
	}
	return view.Apart(f.wholeScorecards(c, twins), scorecard), nil
}

// searchLiveWithin is how long a search of a system goes on. Whoever typed is answered long before: what is found
// later is there for the next letter, and a sign-in that is refused late counts as one that is refused at once.
const searchLiveWithin = 10 * time.Second

// liveSearch is a search that is asked of a system.
type liveSearch struct {
	words string
	done  chan struct{} // closed at its end
	// Of a search that is done: what it found, listed or not, and what kept it from that.
	found []view.ScorecardChoice
	why   error
}

var errNotInTime = errors.New("the system did not answer in time")

// searchLive asks the system, and returns what it finds if it answers soon enough. One search of a connection is
// under way at a time: each word that somebody types would be a try with a sign-in that may be wrong.
func (f *Flow) searchLive(ctx context.Context, c store.Connection, words string, within time.Duration) ([]view.ScorecardChoice, error) {
	end := time.NewTimer(within)
	defer end.Stop()
	for {
		own := &liveSearch{words: words, done: make(chan struct{})}
		other, another := f.searches.LoadOrStore(c.ID, own)
		if another {
			own = other.(*liveSearch)
		} else {
			f.beginSearch(c, own)
		}
		select {
		case <-own.done:
		case <-end.C:
			return nil, errNotInTime
		case <-ctx.Done():
			return nil, errNotInTime
		}
		if own.words == words {
			return own.found, own.why
		}
	}
}

// beginSearch has a search run by itself.
func (f *Flow) beginSearch(c store.Connection, s *liveSearch) {
	s.why = errNotInTime // of one that does not begin, or does not come to its end
	over := func() {
		f.searches.CompareAndDelete(c.ID, s)
		close(s.done)
	}
	if !f.Later(searchLiveWithin, func(ctx context.Context) {
		defer over()
		s.found, s.why = f.askForScorecards(ctx, c, s.words)
	}) {
		over()
	}
}

// askForScorecards puts what the system finds into the directory. Only where it lists nothing, what it does not
// list is asked for as well: a sign-in that is refused is tried once.
func (f *Flow) askForScorecards(ctx context.Context, c store.Connection, words string) ([]view.ScorecardChoice, error) {
	connector, err := f.connectors.ByKind(c.Kind)
	if err != nil {
		return nil, err
	}
	// The search before this one may have been the refusal too many, or told to wait.
	if c, err = f.Store.ConnectionByID(ctx, c.ID); err != nil {
		return nil, err
	}
	if c.State != store.Active {
		return nil, f.accounts.Unused(c)
	}
	var listed, hidden []integrations.Scorecard
	err = f.accounts.Ask(ctx, c, func(account integrations.Account) error {
		page, err := connector.Search(ctx, account, words, 1)
		listed = page.Scorecards
		h, ok := connector.(integrations.Hider)
		if err != nil || len(listed) > 0 || !ok || words == "" {
			return err
		}
		hidden, err = h.SearchHidden(ctx, account, words)
		if failure := (*integrations.Error)(nil); errors.As(err, &failure) && failure.Class == integrations.Forbidden {
			return nil // the list may be searched, which found nothing
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	keep, done := context.WithTimeout(context.WithoutCancel(ctx), desk.CallWithin)
	defer done()
	list := append(jobs.Listed(listed), jobs.Unlisted(hidden)...)
	if err := f.keepScorecards(keep, c, (*store.Tx).SaveScorecards, list); err != nil {
		f.Log.Warn("keeping scorecards that were found", "connection", c.ID, "error", err)
	}
	found := make([]store.Scorecard, len(list))
	for i, s := range list {
		found[i] = s.Scorecard
	}
	return f.wholeScorecards(c, found), nil
}

// keepScorecards keeps what a connection was just asked for, and that its sign-in was taken.
func (f *Flow) keepScorecards(ctx context.Context, c store.Connection, save func(*store.Tx, context.Context, store.Connection, []store.Listed) error, list []store.Listed) error {
	return f.Store.InTx(ctx, func(tx *store.Tx) error {
		if err := save(tx, ctx, c, list); err != nil {
			return err
		}
		return tx.SignInWorks(ctx, c.ID)
	})
}
