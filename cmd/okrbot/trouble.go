package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"okrbot/store"
)

// trouble is what is wrong with the database, in words for an operator: the driver's own can hold the
// address with its password.
type trouble struct {
	means string // what is wrong, as a part of a sentence
	do    string // sentences; "" where nothing but waiting helps
}

// troubled is trouble with the address that a variable holds.
type troubled struct {
	variable string
	trouble
}

func (t troubled) Error() string {
	says := t.variable + ": " + t.means
	if t.do != "" {
		says += ". " + t.do
	}
	return strings.TrimSuffix(says, ".")
}

// asTrouble is explain as an error that names the variable.
func asTrouble(variable string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return troubled{variable, explain(err)}
}

// explain tells the causes apart.
func explain(err error) trouble {
	var said *pgconn.PgError
	switch {
	case errors.Is(err, store.ErrNotMigrated):
		return trouble{"the database is not migrated", "Run `okrbot migrate`; `okrbot serve` does it too."}
	case errors.As(err, &said):
		return refused(said)
	}
	return unreached(err)
}

// refused is what Postgres said.
func refused(e *pgconn.PgError) trouble {
	switch e.Code {
	case "28P01":
		return trouble{"Postgres refuses the user or the password", "Check both in the address; a password with special characters has to be written with %-codes."}
	case "28000":
		return trouble{"Postgres does not let this user in from this machine", "Check the user, `sslmode`, and the server's pg_hba.conf."}
	case "3D000", "08P01":
		if e.Code == "3D000" || strings.Contains(e.Message, "no such database") {
			return trouble{"there is no database of this name on the server", "Create it, or check the name at the end of the address."}
		}
	case "53300":
		return trouble{"Postgres has no connection left", "Raise its max_connections, or run fewer processes: each takes up to 26."}
	case "53100":
		return trouble{"the database's disk is full", "Give it space; nothing is written until then."}
	case "57P03":
		return trouble{"Postgres is starting or stopping", "It needs a moment. Where it stays so, look at its log."}
	case "25006":
		return trouble{"the database is read-only, as a standby is", "During a fail-over this passes. Where it stays so, use the address of the primary."}
	case "42501":
		return trouble{"the database's user may not do what is needed", "Make it the owner of the database, or grant it CREATE and USAGE on the schema."}
	case "42P05", "26000":
		return trouble{"the address leads through a pooler in transaction mode", "Set DATABASE_DIRECT_URL to the address of the same database without the pooler."}
	}
	if strings.HasPrefix(e.Code, "57P") {
		return trouble{"Postgres ended the session", "It is dialled again by itself."}
	}
	return trouble{fmt.Sprintf("Postgres says: %s (SQLSTATE %s)", e.Message, e.Code), ""}
}

// unreached is why nobody said anything.
func unreached(err error) trouble {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var other x509.HostnameError
	var record tls.RecordHeaderError
	var slow net.Error
	switch {
	case errors.As(err, &name):
		return trouble{"the host's name in the address is not known here", "Check the name, and this machine's DNS."}
	case errors.As(err, &certificate), errors.As(err, &unknown), errors.As(err, &other):
		return trouble{"the server's certificate is not trusted here", "Set `sslrootcert` in the address to the authority's certificate."}
	case errors.Is(err, syscall.ECONNREFUSED):
		return trouble{"nothing listens at the address", "Check host and port, and that Postgres runs."}
	case errors.Is(err, fs.ErrNotExist):
		return trouble{"there is no socket in the folder of the address", "Check the folder, and that Postgres runs."}
	case errors.Is(err, fs.ErrPermission):
		return trouble{"this user may not use the socket of the address", "Check whom okrbot runs as."}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return trouble{"the database does not answer", "Check host and port, and that no firewall is in between."}
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return trouble{"there is no way to the host of the address", "Check the host, and this machine's network."}
	// Last: where TLS is only preferred, another try without it has failed of something else.
	case errors.As(err, &record), strings.Contains(err.Error(), "server refused TLS"):
		return trouble{"the server does not speak TLS", "Set `sslmode` in the address as the server wants it."}
	}
	return trouble{"the connection to the database broke", "Check the address, and the server's log."}
}

// noPort is why nobody can listen at an address, with what to do; other is how to choose another one.
func noPort(err error, other string) error {
	var name *net.DNSError
	why, do := err.Error(), ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		why, do = "another program listens there already", "Stop it, or "
	case errors.Is(err, syscall.EACCES):
		why, do = "this user may not, since ports below 1024 are for root", "Take a port from 1024 on behind a reverse proxy: "
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		why, do = "this machine has no such address", "Leave the address out, as in :8080, to listen on all that it has, or "
	case errors.As(err, &name):
		why, do = "the host's name is not known here", "Write an address of this machine, or leave it out, as in :8080: "
	}
	if do == "" {
		other = strings.ToUpper(other[:1]) + other[1:]
	}
	return errors.New(why + ". " + do + other)
}

// errReadOnly is what a server says that takes no writes.
var errReadOnly = pgconn.PgError{Code: "25006"}

// moved says whether an error is that of a session of a server that is no longer the right one.
func moved(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && (said.Code == "25006" || strings.HasPrefix(said.Code, "57P0"))
}
