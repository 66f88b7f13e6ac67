package bot_test

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets more conversations go on at once than there are processors: they wait for each
// other's answers most of the time.
func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", "4")
	}
	os.Exit(m.Run())
}
