package etcd_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/internal/testserver"
	"concierge/secrets"
	"concierge/sources"
	"concierge/sources/etcd"
)

func TestExpiredTokenIsRenewed(t *testing.T) {
	t.Parallel()
	server := testserver.NewEtcd(t, testserver.EtcdOptions{Auth: true, Args: []string{"--auth-token-ttl", "1"}})
	w := writer{client: rawClient(t, server)}
	put(t, w, "a/k", "1")
	r := record(t, open(t, login(server)), key("a/k"), key("b/k"))
	r.value(key("a/k"), "1")
	time.Sleep(3 * time.Second) // the token's life, and the server's tick that ends it
	put(t, w, "a/k", "2")
	r.value(key("a/k"), "2")
	r.want(key("a/k"), key("b/k"), key("c/k"))
	r.until("the new set is answered", func() bool { _, ok := r.values[key("c/k")]; return ok })
	put(t, w, "c/k", "3")
	r.value(key("c/k"), "3")
	if len(r.errs) != 0 || len(r.failed) != 0 {
		t.Errorf("reported %v, %v", r.errs, r.failed)
	}
}

func TestPasswordFileIsReadAgainWhenRefused(t *testing.T) {
	t.Parallel()
	server := testserver.NewEtcd(t, testserver.EtcdOptions{Auth: true})
	put(t, writer{client: rawClient(t, server)}, "a/k", "1")
	cfg := login(server)
	cfg.Password, cfg.PasswordFile = secrets.Text{}, filepath.Join(t.TempDir(), "password")
	write(t, cfg.PasswordFile, "not-the-password\n")
	r := record(t, open(t, cfg), key("a/k"))
	r.until("the refusal is said", func() bool { return len(r.errs) == 1 })
	if err := r.errs[0]; !errors.Is(err, sources.ErrDenied) || strings.Contains(err.Error(), "not-the-password") || !strings.Contains(err.Error(), "password_file") {
		t.Errorf("error is %v", err)
	}
	write(t, cfg.PasswordFile, server.Password+"\n")
	r.value(key("a/k"), "1")
	if len(r.errs) != 1 {
		t.Errorf("one outage was reported %d times: %v", len(r.errs), r.errs)
	}
}

func TestRotatedPasswordIsPickedUp(t *testing.T) {
	t.Parallel()
	server := testserver.NewEtcd(t, testserver.EtcdOptions{Auth: true})
	admin := rawClient(t, server)
	user(t, admin, "app", "old-password")
	grant(t, admin, "app", "\x00", "\x00")
	put(t, writer{client: admin}, "a/k", "1")
	cfg := login(server)
	cfg.Username, cfg.Password, cfg.PasswordFile = "app", secrets.Text{}, filepath.Join(t.TempDir(), "password")
	write(t, cfg.PasswordFile, "old-password")
	s := open(t, cfg)
	r := record(t, s, key("a/k"))
	r.value(key("a/k"), "1")
	write(t, cfg.PasswordFile, "new-password")
	if _, err := admin.UserChangePassword(t.Context(), "app", "new-password"); err != nil {
		t.Fatal(err)
	}
	if pair, err := s.Get(t.Context(), "a/k"); err != nil || pair.Value != "1" {
		t.Errorf("read %v, %v after the rotation", pair, err)
	}
	put(t, writer{client: admin}, "a/k", "2")
	r.value(key("a/k"), "2")
	r.want(key("a/k"), key("b/k"))
	r.until("the new set is answered", func() bool { _, ok := r.values[key("b/k")]; return ok })
	if len(r.errs) != 0 {
		t.Errorf("outages were reported: %v", r.errs)
	}
}

func TestRefusedKeysFailAloneUntilGranted(t *testing.T) {
	t.Parallel()
	server := testserver.NewEtcd(t, testserver.EtcdOptions{Auth: true})
	admin := rawClient(t, server)
	user(t, admin, "app", "password")
	grant(t, admin, "app", "dir/open", "")
	grant(t, admin, "app", "tree/", clientv3.GetPrefixRangeEnd("tree/"))
	w := writer{client: admin}
	for _, k := range []string{"dir/open", "dir/secret", "tree/a", "hidden/a", "hidden/b"} {
		put(t, w, k, "1")
	}
	grant(t, admin, "app", "hidden/b", "")
	cfg := login(server)
	cfg.Username, cfg.Password = "app", secrets.NewText("password")
	allowed := []sources.Query{key("dir/open"), tree("tree/"), key("hidden/b")}
	denied := []sources.Query{key("dir/secret"), tree("hidden/")}
	r := record(t, open(t, cfg), append(allowed, denied...)...)
	r.until("all is answered or refused", func() bool { return len(r.values) == len(allowed) && len(r.failed) == len(denied) })
	for _, q := range denied {
		if err := r.failed[q]; !errors.Is(err, sources.ErrDenied) || !strings.Contains(err.Error(), "grant-permission") {
			t.Errorf("%s failed with %v", q, err)
		}
	}
	put(t, w, "dir/open", "2")
	r.value(key("dir/open"), "2")
	grant(t, admin, "app", "dir/secret", "")
	r.value(key("dir/secret"), "1")
	if len(r.errs) != 0 {
		t.Errorf("outages were reported: %v", r.errs)
	}
}

func TestMissingUserIsExplained(t *testing.T) {
	t.Parallel()
	server := testserver.NewEtcd(t, testserver.EtcdOptions{Auth: true})
	_, err := open(t, etcd.Config{Endpoints: []string{server.Addr}}).Get(t.Context(), "a")
	if !errors.Is(err, sources.ErrDenied) || !strings.Contains(err.Error(), "sources.etcd.username") {
		t.Errorf("error is %v", err)
	}
}

// login is the configuration of the root user.
func login(server *testserver.Server) etcd.Config {
	return etcd.Config{
		Endpoints: []string{server.Addr}, Username: server.Username, Password: secrets.NewText(server.Password),
	}
}

// user makes a user with a role of the same name.
func user(t *testing.T, admin *clientv3.Client, name, password string) {
	t.Helper()
	_, err1 := admin.UserAdd(t.Context(), name, password)
	_, err2 := admin.RoleAdd(t.Context(), name)
	_, err3 := admin.UserGrantRole(t.Context(), name, name)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
}

func grant(t *testing.T, admin *clientv3.Client, role, from, to string) {
	t.Helper()
	if _, err := admin.RoleGrantPermission(t.Context(), role, from, to, clientv3.PermissionType(clientv3.PermRead)); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
