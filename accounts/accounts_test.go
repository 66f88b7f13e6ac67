package accounts

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"okrbot/integrations"
)

// A renewal that ignores its context is waited for a little longer than it may take, and no more.
func TestARenewalThatHeedsNothingHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := ended(t.Context(), make(chan error))
		var failure *integrations.Error
		if took := time.Since(began); !errors.As(err, &failure) || failure.Class != integrations.Unavailable || took != renewWithin+5*time.Second {
			t.Errorf("after %s: %v", took, err)
		}
	})
}
