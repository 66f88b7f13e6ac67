package jobs

import (
	"os"
	"testing"

	"okrbot/store/storetest"
)

func TestMain(m *testing.M) {
	storetest.AtOnce()
	os.Exit(m.Run())
}
