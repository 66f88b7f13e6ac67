package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Keyset seals and opens secrets. Its newest key, the primary one, seals; every key it holds opens.
type Keyset struct {
	handle *keyset.Handle
	aead   tink.AEAD
}

// Place is where a secret lives. A sealed secret opens in its own place alone, so a row that is
// copied to another connection, workspace or version stays shut.
type Place struct {
	Workspace string
	ID        int64  // of the row
	Kind      string // what the secret is: "connection/servicenow"
	Version   int    // raised with each new secret of the row
}

// data is the place as associated data. Each text is quoted, so that no two places read alike.
func (p Place) data() []byte {
	return fmt.Appendf(nil, "okr/v1|%q|%d|%q|%d", p.Workspace, p.ID, p.Kind, p.Version)
}

// NewKeyset makes a keyset of one fresh key, written as ENCRYPTION_KEYSET takes it.
func NewKeyset() (String, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return String{}, fmt.Errorf("making a key: %w", err)
	}
	return write(handle)
}

// Parse reads ENCRYPTION_KEYSET. The error quotes nothing of it.
func Parse(written String) (*Keyset, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(written.Reveal()))
	if err != nil {
		return nil, errors.New("it is not base64, as `okrbot keys new` prints it")
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, errors.New("it is not a keyset, as `okrbot keys new` prints it")
	}
	return open(handle)
}

func open(handle *keyset.Handle) (*Keyset, error) {
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, errors.New("its keys cannot seal: it needs AEAD keys, as `okrbot keys new` makes them")
	}
	return &Keyset{handle: handle, aead: primitive}, nil
}

func write(handle *keyset.Handle) (String, error) {
	var raw bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&raw)); err != nil {
		return String{}, fmt.Errorf("writing a keyset: %w", err)
	}
	return New(base64.StdEncoding.EncodeToString(raw.Bytes())), nil
}

// Add writes the keyset with a fresh primary key. The old keys stay and still open what they sealed.
func (k *Keyset) Add() (String, error) {
	manager := keyset.NewManagerFromHandle(k.handle)
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return String{}, fmt.Errorf("adding a key: %w", err)
	}
	if err := manager.SetPrimary(id); err != nil {
		return String{}, fmt.Errorf("making the new key primary: %w", err)
	}
	handle, err := manager.Handle()
	if err != nil {
		return String{}, fmt.Errorf("adding a key: %w", err)
	}
	return write(handle)
}

// Newest writes the keyset with its primary key alone, and is how many others it leaves out.
func (k *Keyset) Newest() (written String, left int, err error) {
	manager := keyset.NewManagerFromHandle(k.handle)
	for _, key := range k.handle.KeysetInfo().GetKeyInfo() {
		if key.GetKeyId() == k.PrimaryID() {
			continue
		}
		if err := manager.Delete(key.GetKeyId()); err != nil {
			return String{}, 0, fmt.Errorf("taking out a key: %w", err)
		}
		left++
	}
	handle, err := manager.Handle()
	if err != nil {
		return String{}, 0, fmt.Errorf("taking out keys: %w", err)
	}
	written, err = write(handle)
	return written, left, err
}

// PrimaryID names the key that seals.
func (k *Keyset) PrimaryID() uint32 { return k.handle.KeysetInfo().GetPrimaryKeyId() }

// Holds says whether the keyset has a key.
func (k *Keyset) Holds(id uint32) bool {
	return slices.ContainsFunc(k.handle.KeysetInfo().GetKeyInfo(), func(key *tinkpb.KeysetInfo_KeyInfo) bool { return key.GetKeyId() == id })
}

// prefix is how Tink begins a ciphertext: a byte of version, then the key's id in four.
const prefix = 5

// KeyID names the key that sealed a secret; 0 when it is too short to be sealed at all.
func KeyID(sealed []byte) uint32 {
	if len(sealed) < prefix {
		return 0
	}
	return binary.BigEndian.Uint32(sealed[1:prefix])
}

// Seal makes a secret unreadable to all who lack the key.
func (k *Keyset) Seal(plain String, place Place) ([]byte, error) {
	sealed, err := k.aead.Encrypt([]byte(plain.Reveal()), place.data())
	if err != nil {
		return nil, fmt.Errorf("sealing a secret: %w", err)
	}
	return sealed, nil
}

// Open returns what was sealed in this place. A secret of another place, one that was changed,
// and one of a key that the keyset lacks all fail alike.
func (k *Keyset) Open(sealed []byte, place Place) (String, error) {
	plain, err := k.aead.Decrypt(sealed, place.data())
	if err != nil {
		return String{}, errors.New("a secret does not open: wrong key, wrong place, or changed")
	}
	return New(string(plain)), nil
}
