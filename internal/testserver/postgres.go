package testserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// postgresKind is a database server that trusts everybody on loopback. It does
// not sync to disk, as no test crashes the machine.
func postgresKind(bin string, as *owner) kind {
	return kind{
		program: "postgres",
		gentle:  true,
		ports:   1,
		owner:   as,
		prepare: func(i *instance) error {
			if _, err := os.Stat(i.path("data")); err == nil {
				return nil
			}
			return initdb(i, bin)
		},
		args: func(i *instance) []string {
			return []string{
				"-D", i.path("data"), "-p", i.port(0), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
				"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
			}
		},
		ready: func(ctx context.Context, i *instance) error {
			_, err := psql(ctx, i, "postgres", "postgres", strings.NewReader("select 1"))
			return err
		},
	}
}

func initdb(i *instance, bin string) error {
	cmd := exec.Command(filepath.Join(bin, "initdb"), "-D", i.path("data"), "-U", "postgres",
		"-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "--no-sync")
	cmd.Dir = i.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	i.owner.apply(cmd.SysProcAttr)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making a database: %w:\n%s", err, out)
	}
	return nil
}

// postgresBin returns the folder of the newest PostgreSQL.
func postgresBin() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		return "", errors.Join(err, errors.New("PostgreSQL is not installed"))
	}
	return slices.Max(found), nil
}

// psql runs statements and returns the rows, their columns separated by tabs.
func psql(ctx context.Context, i *instance, user, database string, statements io.Reader) (string, error) {
	var out, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "psql", "-X", "-q", "-At", "-F", "\t", "-v", "ON_ERROR_STOP=1",
		"-h", "127.0.0.1", "-p", i.port(0), "-U", user, "-d", database)
	cmd.Env = append(os.Environ(), "PGOPTIONS=--client-min-messages=warning")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = statements, &out, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("psql: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out.String(), nil
}
