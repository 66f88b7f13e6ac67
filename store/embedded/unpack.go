package embedded

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ulikunitz/xz"
)

// Bounds on what is unpacked, before anybody knows whether it is what was pinned: the largest build
// is 134 MB in 1,009 files.
const (
	largestTree = 500 << 20
	mostFiles   = 5000
)

// linkList is where npm's package lists the links that npm does not pack.
const linkList = "pg-symlinks.json"

// archiveOf takes the archive out of a jar.
func archiveOf(jar, to string) (string, error) {
	zipped, err := zip.OpenReader(jar)
	if err != nil {
		return "", fmt.Errorf("the download is no jar: %w", err)
	}
	defer zipped.Close()
	for _, entry := range zipped.File {
		if !strings.HasSuffix(entry.Name, ".txz") {
			continue
		}
		from, err := entry.Open()
		if err != nil {
			return "", fmt.Errorf("reading the jar: %w", err)
		}
		defer from.Close()
		file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return "", fmt.Errorf("keeping what is fetched: %w", err)
		}
		defer file.Close()
		if _, err := io.Copy(file, io.LimitReader(from, largestArchive)); err != nil {
			return "", fmt.Errorf("reading the jar: %w", err)
		}
		return to, nil
	}
	return "", errors.New("the download has no archive in it")
}

// unpack makes a folder of an archive, if it is the pinned one.
func (f fetch) unpack(archive, into string) error {
	sum, err := sumOf(archive)
	if err != nil {
		return fmt.Errorf("reading what was fetched: %w", err)
	}
	f.opts.tell("unpacking Postgres %s", fetchedVersion)
	files, err := spread(archive, into)
	if err != nil {
		return fmt.Errorf("unpacking what was fetched: %w", err)
	}
	if !slices.Contains(f.archives, sum) && files != f.files {
		return fmt.Errorf("what was fetched is not the Postgres %s that this okrbot knows: its SHA-256 is %s, of its files %s. Nothing was kept", fetchedVersion, sum, files)
	}
	return nil
}

// spread unpacks a .tgz of npm's or a .txz of Maven's, and returns the sum of its files. Nothing gets
// out of the folder, whatever the archive says.
func spread(archive, into string) (files string, err error) {
	file, err := os.Open(archive)
	if err != nil {
		return "", err
	}
	defer file.Close()
	if err := os.Mkdir(into, 0o755); err != nil {
		return "", err
	}
	root, err := os.OpenRoot(into)
	if err != nil {
		return "", err
	}
	defer root.Close()
	var plain io.Reader
	within := ""
	if strings.HasSuffix(archive, ".tgz") {
		within = "package/native/"
		plain, err = gzip.NewReader(bufio.NewReader(file))
	} else {
		plain, err = xz.NewReader(bufio.NewReader(file))
	}
	if err != nil {
		return "", err
	}
	t := tree{root: root, sums: map[string]string{}, links: map[string]string{}}
	if err := t.read(tar.NewReader(plain), within); err != nil {
		return "", err
	}
	if err := t.link(); err != nil {
		return "", err
	}
	return contents(t.sums), nil
}

// tree is what an archive holds.
type tree struct {
	root  *os.Root
	sums  map[string]string // of files
	links map[string]string // where they point, from the root
	size  int64
}

func (t *tree) read(from *tar.Reader, within string) error {
	for {
		head, err := from.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name, ok := strings.CutPrefix(path.Clean(head.Name), within)
		if !ok || name == "." || !fs.ValidPath(name) {
			if ok && name != "." {
				return fmt.Errorf("the archive has a file %q", head.Name)
			}
			continue
		}
		if len(t.sums)+len(t.links) > mostFiles || t.size+head.Size > largestTree {
			return errors.New("the archive is too large")
		}
		switch head.Typeflag {
		case tar.TypeReg:
			if name == linkList {
				err = t.listed(io.LimitReader(from, 1<<20))
			} else {
				err = t.file(name, from)
			}
		case tar.TypeSymlink:
			t.links[name] = path.Join(path.Dir(name), head.Linkname)
		case tar.TypeLink:
			t.links[name] = path.Clean(head.Linkname)
		}
		if err != nil {
			return err
		}
	}
}

func (t *tree) file(name string, from io.Reader) error {
	if err := t.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if path.Dir(name) == "bin" {
		mode = 0o755
	}
	file, err := t.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(file, sum), from)
	t.size += n
	if err := errors.Join(err, file.Chmod(mode), file.Close()); err != nil {
		return err
	}
	t.sums[name] = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// listed reads npm's list of links.
func (t *tree) listed(from io.Reader) error {
	var list []struct{ Source, Target string }
	if err := json.NewDecoder(from).Decode(&list); err != nil {
		return fmt.Errorf("reading the list of links: %w", err)
	}
	for _, l := range list {
		t.links[strings.TrimPrefix(path.Clean(l.Target), "native/")] = strings.TrimPrefix(path.Clean(l.Source), "native/")
	}
	return nil
}

// link makes the links, each to a file that came along, or to a link to one.
func (t *tree) link() error {
	for name, to := range t.links {
		end := to
		for range 5 {
			if _, ok := t.links[end]; !ok {
				break
			}
			end = t.links[end]
		}
		if _, ok := t.sums[end]; !ok || !fs.ValidPath(name) {
			return fmt.Errorf("the archive links %q to %q, which is not in it", name, to)
		}
		relative, err := filepath.Rel(path.Dir(name), end)
		if err != nil {
			return err
		}
		if err := t.root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		if err := t.root.Symlink(relative, name); err != nil {
			return err
		}
	}
	return nil
}

// contents is one sum for all files with their names, however they were packed. Links are left out:
// each only gives a file another name.
func contents(sums map[string]string) string {
	all := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(all, "%s  %s\n", sums[name], name)
	}
	return hex.EncodeToString(all.Sum(nil))
}
