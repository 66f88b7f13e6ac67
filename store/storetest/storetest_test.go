package storetest_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"okrbot/store/storetest"
)

// What a test run leaves is found and removed by the next one: it has to be in the folder that
// sweep looks through, as root too.
func TestDataOfTestsIsWhereSweepFindsIt(t *testing.T) {
	conn, err := pgx.Connect(context.Background(), storetest.Empty(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var dir string
	if err := conn.QueryRow(context.Background(), "show data_directory").Scan(&dir); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(dir, os.TempDir()) {
		t.Errorf("the data is in %s", dir)
	}
}
