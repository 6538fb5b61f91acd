package examples

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/internal/testserver"
)

// rights is how instances and operators of a store are known.
type rights struct{ store, instance, operator []string }

// consulRights makes tokens with the policies of the example.
func consulRights(t *testing.T, dir string) rights {
	t.Helper()
	server := testserver.NewConsul(t, testserver.ConsulOptions{ACL: true})
	client, err := api.NewClient(&api.Config{Address: server.Addr, Token: server.Token})
	if err != nil {
		t.Fatal(err)
	}
	token := func(file string) []string {
		rules, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(file, ".hcl")
		policy, _, err := client.ACL().PolicyCreate(&api.ACLPolicy{Name: name, Rules: string(rules)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		made, _, err := client.ACL().TokenCreate(&api.ACLToken{Policies: []*api.ACLLink{{ID: policy.ID}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return []string{"--consul-token", made.SecretID}
	}
	return rights{[]string{"--consul-address", server.Addr}, token("consul-instance.hcl"), token("consul-operator.hcl")}
}

// etcdRights makes users with the roles of the example's script.
func etcdRights(t *testing.T, dir string) rights {
	t.Helper()
	server := testserver.NewEtcd(t, testserver.EtcdOptions{Auth: true})
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Addr}, Username: "root", Password: server.Password, DialTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	script, err := os.ReadFile(filepath.Join(dir, "etcd-roles.sh"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^etcdctl role add (\S+)$`).FindAllStringSubmatch(string(script), -1) {
		_, err := client.RoleAdd(ctx, m[1])
		do(err)
	}
	kinds := map[string]clientv3.PermissionType{"read": clientv3.PermissionType(clientv3.PermRead), "readwrite": clientv3.PermissionType(clientv3.PermReadWrite)}
	for _, m := range regexp.MustCompile(`(?m)^etcdctl role grant-permission (\S+) --prefix=true (\S+) (\S+)$`).FindAllStringSubmatch(string(script), -1) {
		_, err := client.RoleGrantPermission(ctx, m[1], m[3], clientv3.GetPrefixRangeEnd(m[3]), kinds[m[2]])
		do(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^etcdctl user grant-role (\S+) (\S+)$`).FindAllStringSubmatch(string(script), -1) {
		_, err := client.UserAdd(ctx, m[1], "secret")
		do(err)
		_, err = client.UserGrantRole(ctx, m[1], m[2])
		do(err)
	}
	user := func(name string) []string { return []string{"--etcd-username", name, "--etcd-password", "secret"} }
	return rights{[]string{"--etcd-endpoints", server.Addr}, user("instance-staging"), user("editor")}
}

func TestFleetKeepsABrokenEditAwayWithTheRightsOfItsPolicies(t *testing.T) {
	for name, known := range map[string]func(*testing.T, string) rights{"consul": consulRights, "etcd": etcdRights} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := example(t, "fleet")
			r := known(t, dir)
			config := fleetConfig(t, dir, name)
			operate := func(words ...string) string {
				return must(t, concierge(t, append(append(words, "--config", config), append(r.store, r.operator...)...)...))
			}
			operate("kv", "put", "web/greeting", "hello")
			for _, id := range []string{"web-1", "web-2", "web-3"} {
				own := filepath.Join(dir, id)
				if err := os.Mkdir(own, 0o700); err != nil {
					t.Fatal(err)
				}
				args := append([]string{"run", "--config", fleetConfig(t, own, name), "--cluster-instance", id, "--control-socket", "none"}, append(r.store, r.instance...)...)
				cmd := concierge(t, args...)
				cmd.Dir = own
				start(t, cmd).await(t, "hello")
			}
			awaitState(t, operate, "complete")
			operate("kv", "put", "web/greeting", "broken")
			awaitState(t, operate, "rolled_back")
			for _, id := range []string{"web-1", "web-2", "web-3"} {
				if b, err := os.ReadFile(filepath.Join(dir, id, "greeting")); string(b) != "hello" {
					t.Errorf("%s has %q, %v", id, b, err)
				}
			}
			refused := concierge(t, append([]string{"status", "--config", config, "--cluster-namespace", "concierge/production"}, append(r.store, r.instance...)...)...)
			if out, err := refused.CombinedOutput(); err == nil && strings.Contains(string(out), "web-") {
				t.Errorf("an instance of staging sees production: %s", out)
			}
		})
	}
}

// fleetConfig puts the example's configuration into a directory, quicker than it
// is, and for another store.
func fleetConfig(t *testing.T, dir, store string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("fleet", "concierge.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("bake: 10s", "bake: 1s", "window: 5s", "window: 3s", `etcd: {endpoints: ["127.0.0.1:2379"]}`, store+": {}").Replace(string(b))
	path := filepath.Join(dir, "concierge.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func awaitState(t *testing.T, operate func(...string) string, want string) {
	t.Helper()
	out := ""
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if out = operate("rollout", "show", "app"); strings.Contains(out, " is "+want+":") {
			return
		}
	}
	t.Fatalf("the rollout never was %s:\n%s", want, out)
}
