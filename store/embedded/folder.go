package embedded

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// account is whom the server runs as: nil for ourselves, another user when we are root, because
// Postgres refuses to run as root.
func account() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("a Postgres server does not run as root, and this machine has neither a user postgres nor nobody. Run okrbot as an ordinary user, or set DATABASE_URL")
}

// where is the data folder: the one asked for, or, where the server's user could not reach that,
// one of the system's that is always the same for it.
func where(opts Options, as *syscall.Credential) (string, error) {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return "", fmt.Errorf("finding the data folder: %w", err)
	}
	if as != nil && !reachable(dir) {
		h := fnv.New64a()
		h.Write([]byte(dir))
		elsewhere := filepath.Join("/var/lib/okrbot", fmt.Sprintf("postgres-%x", h.Sum64()))
		opts.Logger.Info("the data folder cannot be reached by the user that Postgres runs as; using another one", "asked", dir, "using", elsewhere)
		dir = elsewhere
	}
	return dir, nil
}

// place makes the data folder for the server's user alone.
func place(dir string, as *syscall.Credential) (string, error) {
	if err := makeParents(dir, as); err != nil {
		return "", fmt.Errorf("making the data folder: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("making the data folder: %w", err)
	}
	// The parents of the data must let the server's user through; those we made are ours to open.
	if as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			return "", fmt.Errorf("giving the data folder to its user: %w", err)
		}
		for parent := filepath.Dir(dir); parent != "/"; parent = filepath.Dir(parent) {
			info, err := os.Stat(parent)
			if err != nil {
				return "", fmt.Errorf("looking at the data folder's parents: %w", err)
			}
			if info.Mode().Perm()&0o001 == 0 {
				if err := os.Chmod(parent, info.Mode().Perm()|0o011); err != nil {
					return "", fmt.Errorf("opening the data folder's parents: %w", err)
				}
			}
		}
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return "", fmt.Errorf("closing the data folder to others: %w", err)
	}
	return dir, nil
}

var masking sync.Mutex

// makeParents makes the folders that the data folder is in. Where another user must pass them, they let
// it through from their first moment on, whatever the process's mask: another process that starts at
// the same time would find one that is closed, and go elsewhere with its data.
func makeParents(dir string, as *syscall.Credential) error {
	if as == nil {
		return os.MkdirAll(filepath.Dir(dir), 0o700)
	}
	masking.Lock()
	defer masking.Unlock()
	defer syscall.Umask(syscall.Umask(0))
	return os.MkdirAll(filepath.Dir(dir), 0o711)
}

// reachable says whether every existing parent of a folder can be passed by any user.
func reachable(dir string) bool {
	for parent := filepath.Dir(dir); ; parent = filepath.Dir(parent) {
		info, err := os.Stat(parent)
		if err == nil && info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if parent == "/" {
			return true
		}
	}
}

// maxSocket is how long a unix socket's name may be, in bytes.
const maxSocket = 107

// socketFolder is the data folder itself, or another one where that name is too long, or has a comma: Postgres
// and its clients take what is before and after it for two.
func socketFolder(dir string, as *syscall.Credential) (string, error) {
	if len(dir)+len("/.s.PGSQL.5432.lock") <= maxSocket && !strings.Contains(dir, ",") {
		return dir, nil
	}
	folder, err := os.MkdirTemp("", "okrbot-pg-")
	if err != nil {
		return "", fmt.Errorf("making a folder for the socket: %w", err)
	}
	if as != nil {
		if err := os.Chown(folder, int(as.Uid), int(as.Gid)); err != nil {
			return "", fmt.Errorf("giving the socket's folder to its user: %w", err)
		}
	}
	return folder, nil
}
