package testserver_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concierge/internal/testserver"
)

func TestSharedServersAnswerAndAreShared(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *testserver.Server{
		"etcd": testserver.Etcd, "consul": testserver.Consul, "vault": testserver.Vault,
	} {
		t.Run(name, func(t *testing.T) {
			a, b := start(t), start(t)
			if a.Addr != b.Addr || a.PID() != b.PID() {
				t.Errorf("two servers: %s and %s", a.Addr, b.Addr)
			}
			mustAnswer(t, a, true)
		})
	}
}

func TestOwnServersKeepAddressOverFaults(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *testserver.Server{
		"etcd": func(tb testing.TB) *testserver.Server { return testserver.NewEtcd(tb, testserver.EtcdOptions{}) },
		"etcd with users": func(tb testing.TB) *testserver.Server {
			return testserver.NewEtcd(tb, testserver.EtcdOptions{Auth: true})
		},
		"consul": func(tb testing.TB) *testserver.Server {
			return testserver.NewConsul(tb, testserver.ConsulOptions{})
		},
		"consul with ACLs": func(tb testing.TB) *testserver.Server {
			return testserver.NewConsul(tb, testserver.ConsulOptions{ACL: true})
		},
		"vault": func(tb testing.TB) *testserver.Server { return testserver.NewVault(tb, testserver.VaultOptions{}) },
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			mustAnswer(t, s, true)
			s.Stop()
			mustAnswer(t, s, false)
			s.Start()
			mustAnswer(t, s, true)
			s.Kill()
			s.Start()
			s.Pause()
			mustAnswer(t, s, false)
			s.Resume()
			mustAnswer(t, s, true)
		})
	}
}

func TestVaultKeepsSecretsOverRestart(t *testing.T) {
	s := testserver.NewVault(t, testserver.VaultOptions{})
	write := request(t, s, http.MethodPost, "/v1/kv/app", `{"password":"x"}`)
	if write.StatusCode != http.StatusNoContent {
		t.Fatalf("writing answered %s", write.Status)
	}
	s.Stop()
	s.Start()
	if read := request(t, s, http.MethodGet, "/v1/kv/app", ""); read.StatusCode != http.StatusOK {
		t.Errorf("reading after the restart answered %s", read.Status)
	}
}

func TestConsulDeniesWithoutToken(t *testing.T) {
	s := testserver.NewConsul(t, testserver.ConsulOptions{ACL: true})
	if r := request(t, s, http.MethodPut, "/v1/kv/a", "1"); r.StatusCode != http.StatusOK {
		t.Errorf("writing with the token answered %s", r.Status)
	}
	s.Token = ""
	if r := request(t, s, http.MethodPut, "/v1/kv/a", "1"); r.StatusCode != http.StatusForbidden {
		t.Errorf("writing without a token answered %s", r.Status)
	}
}

// A test binary that is killed must leave neither servers nor data behind.
func TestServersEndWithTheTestBinary(t *testing.T) {
	if os.Getenv("TESTSERVER_HANG") != "" {
		s := testserver.NewEtcd(t, testserver.EtcdOptions{})
		_, _ = os.Stdout.WriteString(s.Addr + "\n")
		select {} // until killed
	}
	tmp := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestServersEndWithTheTestBinary$")
	cmd.Env = append(os.Environ(), "TESTSERVER_HANG=1", "TMPDIR="+tmp)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimSpace(string(line[:n]))
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	eventually(t, "the server is gone", func() bool {
		_, err := http.Get("http://" + addr + "/health")
		return err != nil
	})
	eventually(t, "its data is gone", func() bool {
		left, err := filepath.Glob(filepath.Join(tmp, "*"))
		return err == nil && len(left) == 0
	})
}

func TestPrefixesNeverMeet(t *testing.T) {
	a, b := testserver.Prefix(t), testserver.Prefix(t)
	if a == b || !strings.HasSuffix(a, "/") || strings.HasPrefix(a, "/") {
		t.Errorf("prefixes are %q and %q", a, b)
	}
}

func mustAnswer(t *testing.T, s *testserver.Server, want bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	if got := err == nil; got != want {
		t.Errorf("answers is %t, want %t (%v)", got, want, err)
	}
}

func request(t *testing.T, s *testserver.Server, method, path, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Vault-Token", s.Token)
	req.Header.Set("X-Consul-Token", s.Token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
