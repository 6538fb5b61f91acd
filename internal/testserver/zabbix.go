package testserver

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// ZabbixServer is a running Zabbix server with its database, as one test sees
// it. Its configuration cache follows the database within about a second.
type ZabbixServer struct {
	// Addr is host:port of the trapper. It takes connections with and without
	// TLS; which of them values of a host may come by is a matter of the host.
	Addr string
	// CA, Cert and Key are the files of a client for TLS; all certificates are
	// signed by CA.
	CA, Cert, Key string
	// ServerSubject is that of the server's certificate, as RFC 4514 has it.
	ServerSubject string

	tb     testing.TB
	server *zabbixServer
}

// zabbixServer is what lives as long as the test binary, or as one test.
type zabbixServer struct {
	database, trapper *instance
	frontend          *instance // nil until the API is asked; guarded by the lock of the shared servers
}

// Zabbix returns the shared Zabbix server. Tests keep apart by the names of
// hosts: see [ZabbixServer.AddHost].
func Zabbix(tb testing.TB) *ZabbixServer {
	tb.Helper()
	sharedServers.Lock()
	defer sharedServers.Unlock()
	if sharedServers.zabbix == nil {
		z, err := launchZabbix(tb)
		if err != nil {
			tb.Fatal(err)
		}
		sharedServers.zabbix = z
	}
	z := sharedServers.zabbix
	path := z.trapper.path
	return &ZabbixServer{
		Addr: z.trapper.addr(0), CA: path("ca.pem"), Cert: path("client.pem"), Key: path("client.key"),
		ServerSubject: zabbixServerSubject, tb: tb, server: z,
	}
}

func launchZabbix(tb testing.TB) (*zabbixServer, error) {
	bin, err := zabbixPrograms()
	if err != nil {
		return nil, err
	}
	as, err := unprivileged("zabbix")
	if err != nil {
		return nil, err
	}
	var z zabbixServer
	if z.database, err = newInstance(postgresKind(bin.postgres, as), bin.postgres+"/postgres"); err != nil {
		return nil, err
	}
	launch(tb, z.database)
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := loadZabbixSchema(ctx, z.database); err != nil {
		z.database.close()
		return nil, fmt.Errorf("filling Zabbix's database: %w", err)
	}
	if z.trapper, err = newInstance(zabbixKind(z.database, as), bin.server); err != nil {
		z.database.close()
		return nil, err
	}
	launch(tb, z.trapper)
	return &z, nil
}

type zabbixBinaries struct{ server, postgres string }

func zabbixPrograms() (zabbixBinaries, error) {
	var b zabbixBinaries
	var err error
	b.server = "/usr/sbin/zabbix_server"
	if _, missing := os.Stat(b.server); missing != nil {
		b.server, err = exec.LookPath("zabbix_server")
	}
	bin, noPostgres := postgresBin()
	b.postgres = bin
	_, noClient := exec.LookPath("psql")
	if err := errors.Join(err, noPostgres, noClient); err != nil {
		return b, fmt.Errorf("%w: make packages installs it", err)
	}
	return b, nil
}

func zabbixKind(database *instance, as *owner) kind {
	return kind{
		program: "zabbix_server",
		gentle:  true,
		ports:   1,
		choose:  freeLowPorts,
		owner:   as,
		prepare: func(i *instance) error {
			if err := writeZabbixCertificates(i); err != nil {
				return err
			}
			return writeOwned(i, "server.conf", []byte(zabbixConfig(i, database)))
		},
		args:  func(i *instance) []string { return []string{"-f", "-c", i.path("server.conf")} },
		ready: zabbixReady,
	}
}

// zabbixConfig makes the server follow changes at once and take 34,000 items.
func zabbixConfig(i, database *instance) string {
	return strings.NewReplacer("DIR", i.dir, "DBPORT", database.port(0), "PORT", i.port(0)).Replace(`
ListenIP=127.0.0.1
ListenPort=PORT
LogType=console
PidFile=DIR/zabbix_server.pid
SocketDir=DIR
DBHost=127.0.0.1
DBPort=DBPORT
DBName=zabbix
DBUser=zabbix
CacheUpdateFrequency=1
CacheSize=256M
HistoryCacheSize=64M
StartTrappers=5
StartPollers=1
StartPollersUnreachable=1
StartPreprocessors=1
StartPingers=0
StartDiscoverers=0
StartHTTPPollers=0
StartHistoryPollers=1
StartDBSyncers=1
StartLLDProcessors=1
HousekeepingFrequency=0
TLSCAFile=DIR/ca.pem
TLSCertFile=DIR/server.pem
TLSKeyFile=DIR/server.key
`)
}

// writeOwned writes a file that the server may read.
func writeOwned(i *instance, name string, text []byte) error {
	if err := os.WriteFile(i.path(name), text, 0o600); err != nil {
		return err
	}
	return i.owner.take(i.path(name))
}

// zabbixReady sends an empty packet of values, which a server that works takes.
func zabbixReady(ctx context.Context, i *instance) error {
	answer, err := zabbixAsk(ctx, i.addr(0), `{"request":"sender data","data":[]}`)
	if err == nil && !strings.Contains(answer, "success") {
		err = fmt.Errorf("it answers %q", answer)
	}
	return err
}

// zabbixAsk sends a request as the oldest clients do and returns the answer with
// its header.
func zabbixAsk(ctx context.Context, addr, body string) (answer string, err error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if at, limited := ctx.Deadline(); limited {
		if err := conn.SetDeadline(at); err != nil {
			return "", err
		}
	}
	frame := binary.LittleEndian.AppendUint64([]byte("ZBXD\x01"), uint64(len(body)))
	if _, err := conn.Write(append(frame, body...)); err != nil {
		return "", err
	}
	text, err := io.ReadAll(conn)
	return string(text), err
}
