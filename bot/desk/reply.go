package desk

import (
	"context"
	"errors"
	"time"

	"github.com/slack-go/slack"

	"okrbot/bot/view"
	"okrbot/okr"
)

// Reply is the answer to a gesture. Handlers return it; only the doors speak HTTP or sockets.
// The zero Reply acknowledges and, on a modal's submit, closes that view.
type Reply struct {
	// Say is an ephemeral message to the person. After a command it is the answer itself; after
	// a button on a message it goes through response_url; after one in a modal or on Home it is a
	// window; after a submit it is a direct message.
	Say *view.Message
	// Replace makes Say take the place of the ephemeral message the button sat on.
	Replace bool
	// Open shows a modal, using the gesture's trigger: pushed onto an open modal, else by itself.
	Open *slack.ModalViewRequest
	// Same is the command that opens the same again, where what was typed could come to mean something
	// else: a mention's window opens by a button, later. Empty: what was typed.
	Same string
	// Update puts another view in the place of the one the gesture happened in.
	Update *slack.ModalViewRequest
	// Newest says whether Update is still what the person is to see, where their view was drawn again
	// since the gesture; nil: it is.
	Newest func(ctx context.Context) bool
	// Clear closes all views of the stack, as the answer to a submit.
	Clear bool
	// Problems are shown at the fields of the submitted form; keys are block ids.
	Problems okr.Problems
	// Options answer a type-ahead. They may be empty, never nil, after one.
	Options []*slack.OptionBlockObject
	// Home shows the person's Home tab again.
	Home bool
	// Shut takes the place of the person's Home tab where they may not see one.
	Shut *slack.HomeTabViewRequest
	// Later runs after the answer went out, with the opened or updated view's id and hash where
	// there is one. It only decorates an open view: what must survive is a job.
	Later func(ctx context.Context, opened OpenView)
	// LaterWithin bounds Later; 0 is 30 seconds.
	LaterWithin time.Duration
}

// OpenView names a view that is on somebody's screen.
type OpenView struct {
	Workspace string
	ID        string
	Hash      string // empty: whatever it has become
}

// instead is a reply on its way as an error.
type instead struct {
	reply Reply
	why   error
}

func (i instead) Error() string { return "answered instead: " + i.why.Error() }
func (i instead) Unwrap() error { return i.why }

// Instead is an error with which a handler ends early and that the person gets as a reply: whoever
// finds that it cannot go on says why, and whoever called it returns the error as any other.
func Instead(r Reply, why error) error { return instead{r, why} }

// IsInstead says whether an error has a reply with it.
func IsInstead(err error) bool {
	var said instead
	return errors.As(err, &said)
}

// ErrRefused is why a transaction is undone that may not be done; what is said of it comes with it.
var ErrRefused = errors.New("refused")

// Refuse ends a transaction without a trace, and tells the person why.
func Refuse(r Reply) error { return instead{r, ErrRefused} }

// Say replies with a sentence in mrkdwn.
func Say(text string) Reply {
	m := view.Text(text)
	return Reply{Say: &m}
}
