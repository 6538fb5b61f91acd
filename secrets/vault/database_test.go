package vault_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"concierge/internal/testserver"
	"concierge/secrets"
	"concierge/sources"
)

// database is a Vault with the database engine, whose leases can be renewed. A
// plugin talks to a server that only pretends to be InfluxDB and keeps the
// statements.
type database struct {
	server *testserver.Server
	admin

	mu         sync.Mutex
	statements []string // guarded by mu
}

func newDatabase(t *testing.T) *database {
	t.Helper()
	const plugin = "influxdb-database-plugin"
	d := &database{server: testserver.NewVault(t, testserver.VaultOptions{Plugins: []string{plugin}})}
	d.admin = administer(t, d.server)
	influx := httptest.NewServer(http.HandlerFunc(d.influx))
	t.Cleanup(influx.Close)
	host, port, _ := strings.Cut(strings.TrimPrefix(influx.URL, "http://"), ":")
	d.write("sys/mounts/database", map[string]any{"type": "database"})
	d.write("database/config/db", map[string]any{
		"plugin_name": plugin, "allowed_roles": "*", "host": host, "port": port,
		"username": "root", "password": "root", "tls": false,
	})
	return d
}

func (d *database) influx(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Influxdb-Version", "1.8.10")
	if r.URL.Path == "/ping" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	d.mu.Lock()
	d.statements = append(d.statements, r.FormValue("q"))
	d.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"results":[{"series":[{"name":"users","columns":["user","admin"],"values":[["root",true]]}]}]}`))
}

// users counts the users that were made in the database.
func (d *database) users() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.statements {
		if strings.HasPrefix(s, "CREATE USER") {
			n++
		}
	}
	return n
}

// role makes a role and returns the query for its credentials.
func (d *database) role(name, ttl, longest string) sources.Query {
	d.t.Helper()
	d.write("database/roles/"+name, map[string]any{
		"db_name": "db", "default_ttl": ttl, "max_ttl": longest,
		"creation_statements": `CREATE USER "{{username}}" WITH PASSWORD '{{password}}'`,
	})
	return secret("database/creds/" + name)
}

// alive reports whether Vault still knows the lease of a secret.
func (d *database) alive(s *sources.SecretData) bool {
	_, err := d.client.Logical().Write("sys/leases/lookup", map[string]any{"lease_id": s.LeaseID})
	return err == nil
}

func (f *follower) secret(q sources.Query) *sources.SecretData {
	d, _ := f.value(q).Data.(*sources.SecretData)
	return d
}

// holds waits for d and fails if the answer changes meanwhile.
func (f *follower) holds(q sources.Query, want *sources.SecretData, d time.Duration) {
	f.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got := f.secret(q); got != want {
			f.t.Fatalf("%s was replaced: %v", q, got)
		}
	}
}

func TestLeaseIsRenewedAndReplacedBeforeItsLongestLife(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	short, long := d.role("short", "2s", "6s"), d.role("long", "2s", "1h")
	f := follow(t, open(t, config(d.server)), short, long)
	first, kept := f.awaitNext(short, nil), f.awaitNext(long, nil)
	if !first.Renewable || first.LeaseDuration != 2 {
		t.Fatalf("credentials are %+v", first)
	}
	f.holds(short, first, 3500*time.Millisecond)
	f.awaitNext(short, first)
	if !d.alive(first) {
		t.Error("the first credentials ended before there were others")
	}
	if f.secret(long) != kept || !d.alive(kept) {
		t.Errorf("credentials that can be renewed were replaced")
	}
}

func TestOutageDuringRenewalKeepsTheCredentials(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	q := d.role("app", "10s", "1h")
	f := follow(t, open(t, config(d.server)), q)
	first := f.awaitNext(q, nil)
	d.server.Stop()
	f.awaitAway()
	d.server.Start()
	f.awaitBack()
	f.holds(q, first, 6*time.Second)
	if !d.alive(first) || d.users() != 1 {
		t.Errorf("alive: %v, %d users were made, want the first one kept", d.alive(first), d.users())
	}
}

func TestRevokedLeaseIsReadAgain(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	q := d.role("app", "3s", "1h")
	f := follow(t, open(t, config(d.server)), q)
	first := f.awaitNext(q, nil)
	d.write("sys/leases/revoke", map[string]any{"lease_id": first.LeaseID, "sync": true})
	if second := f.awaitNext(q, first); !d.alive(second) {
		t.Error("the next credentials are dead")
	}
}

func TestLeaseThatMayNotBeRenewedIsReplacedInTime(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	q := d.role("app", "3s", "1h")
	cfg := config(d.server)
	// Tokens of the default policy may renew the leases that they made.
	if err := d.client.Sys().PutPolicy("default", `path "auth/token/lookup-self" { capabilities = ["read"] }`); err != nil {
		t.Fatal(err)
	}
	cfg.Token = d.grant("reader", `path "database/creds/app" { capabilities = ["read"] }`)
	f := follow(t, open(t, cfg), q)
	first := f.awaitNext(q, nil)
	f.holds(q, first, 2*time.Second)
	f.awaitNext(q, first)
	if !d.alive(first) {
		t.Error("the first credentials ended before there were others")
	}
}

func TestRotatedPasswordIsReadWhenVaultRotatesIt(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.write("database/static-roles/app", map[string]any{
		"db_name": "db", "username": "app", "rotation_period": "5s",
		"rotation_statements": `SET PASSWORD FOR "{{username}}" = '{{password}}'`,
	})
	q := secret("database/static-creds/app")
	cfg := config(d.server)
	cfg.Refresh = time.Hour
	f := follow(t, open(t, cfg), q)
	first := f.awaitNext(q, nil)
	f.await("another password", func() bool {
		d, _ := f.values[q].Data.(*sources.SecretData)
		return d != nil && d.Data["password"] != first.Data["password"]
	})
}

func TestNewTokenReplacesOnlyWhatWasLentToTheOldOne(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	creds, plain := d.role("app", "1h", "2h"), secret("kv/plain")
	d.write("kv/plain", map[string]any{"n": "1"})
	const policy = `path "database/creds/app" { capabilities = ["read"] }` + "\n" + `path "kv/plain" { capabilities = ["read"] }`
	file := newTokenFile(t, d.grant("app", policy))
	cfg := config(d.server)
	cfg.Token, cfg.TokenFile, cfg.Refresh = secrets.Text{}, file.path, 0
	trigger := secret("kv/none")
	f := follow(t, open(t, cfg), creds, plain)
	first, data := f.awaitNext(creds, nil), f.awaitNext(plain, nil)
	file.put(d.grant("app", policy))
	f.want(creds, plain, trigger) // any request reads the file
	second := f.awaitNext(creds, first)
	if second.LeaseID == first.LeaseID {
		t.Error("the lease is the old one")
	}
	if f.secret(plain) != data {
		t.Error("a secret without a lease was published again")
	}
}
