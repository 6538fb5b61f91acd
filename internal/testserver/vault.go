package testserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"
)

// VaultOptions change a Vault server of a test's own.
type VaultOptions struct {
	HCL  string   // further server configuration
	Args []string // further command line arguments
	// Plugins are programs that Vault may run as plugins, registered under
	// their own name: database plugins, and auth methods if "auth" is in it.
	Plugins []string
}

// Vault returns the shared Vault server: a development server in memory. As on
// every server of this package, KV version 2 is mounted at secret/ and version
// 1 at kv/.
func Vault(tb testing.TB) *Server {
	tb.Helper()
	k := kind{program: "vault", ports: 1, ready: vaultDevReady, setup: vaultMounts}
	k.args = func(i *instance) []string {
		return []string{
			"server", "-dev", "-dev-root-token-id=root", "-dev-no-store-token", "-log-level=warn",
			"-dev-listen-address=" + i.addr(0),
		}
	}
	return shared(tb, k)
}

// NewVault starts a Vault server that belongs to the test and keeps its data
// on disk over a restart. It is initialised by itself, and unsealed at every
// start.
func NewVault(tb testing.TB, o VaultOptions) *Server {
	tb.Helper()
	plugins := vaultPlugins(tb, o.Plugins)
	k := kind{program: "vault", ports: 2, ready: vaultReady}
	k.setup = func(ctx context.Context, i *instance) error {
		return errors.Join(vaultMounts(ctx, i), plugins.register(ctx, i))
	}
	k.args = func(i *instance) []string {
		return append([]string{"server", "-log-level=warn", "-config=" + i.path("vault.hcl")}, o.Args...)
	}
	k.prepare = func(i *instance) error {
		for _, dir := range []string{"data", pluginDir} {
			if err := os.MkdirAll(i.path(dir), 0o700); err != nil {
				return err
			}
		}
		config := fmt.Sprintf(vaultConfig, i.path("data"), i.addr(0), i.addr(1), i.url(0), i.url(1), i.path(pluginDir), o.HCL)
		return errors.Join(plugins.place(i), os.WriteFile(i.path("vault.hcl"), []byte(config), 0o600))
	}
	return own(tb, k)
}

// vaultConfig uses raft, since a minimal build has no file storage.
const vaultConfig = `
storage "raft" {
  path                   = %q
  node_id                = "one"
  performance_multiplier = 1
}
listener "tcp" {
  address         = %q
  cluster_address = %q
  tls_disable     = true
}
api_addr         = %q
cluster_addr     = %q
plugin_directory = %q
disable_mlock    = true
%s
`

func vaultDevReady(ctx context.Context, i *instance) error {
	i.token = "root"
	return vaultCall(i, http.MethodGet, "sys/health", nil).do(ctx, nil)
}

// vaultReady moves the server one step towards being unsealed, and succeeds
// when it is active.
func vaultReady(ctx context.Context, i *instance) error {
	var status struct{ Initialized, Sealed bool }
	if err := vaultCall(i, http.MethodGet, "sys/seal-status", nil).do(ctx, &status); err != nil {
		return err
	}
	switch {
	case !status.Initialized:
		return errors.Join(errors.New("not initialised yet"), vaultInit(ctx, i))
	case status.Sealed:
		key := map[string]string{"key": i.unsealKey}
		return errors.Join(errors.New("sealed yet"), vaultCall(i, http.MethodPut, "sys/unseal", key).do(ctx, nil))
	}
	return vaultCall(i, http.MethodGet, "sys/health", nil).do(ctx, nil)
}

func vaultInit(ctx context.Context, i *instance) error {
	var answer struct {
		Keys      []string `json:"keys"`
		RootToken string   `json:"root_token"`
	}
	shares := map[string]int{"secret_shares": 1, "secret_threshold": 1}
	if err := vaultCall(i, http.MethodPut, "sys/init", shares).do(ctx, &answer); err != nil {
		return err
	}
	i.unsealKey, i.token = answer.Keys[0], answer.RootToken
	return nil
}

// vaultMounts mounts the KV engines that are not there yet, and waits until
// version 2 takes writes: it is busy for a moment after the mount.
func vaultMounts(ctx context.Context, i *instance) error {
	var mounts map[string]any
	if err := vaultCall(i, http.MethodGet, "sys/mounts", nil).do(ctx, &mounts); err != nil {
		return err
	}
	for path, version := range map[string]string{"kv": "1", "secret": "2"} {
		if _, there := mounts[path+"/"]; there {
			continue
		}
		engine := map[string]any{"type": "kv", "options": map[string]string{"version": version}}
		if err := vaultCall(i, http.MethodPost, "sys/mounts/"+path, engine).do(ctx, nil); err != nil {
			return err
		}
	}
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		data := map[string]any{"data": map[string]string{"ready": "yes"}}
		err := vaultCall(i, http.MethodPost, "secret/data/testserver", data).do(ctx, nil)
		if err == nil {
			return vaultCall(i, http.MethodDelete, "secret/metadata/testserver", nil).do(ctx, nil)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for KV version 2: %w", err)
		}
	}
}

func vaultCall(i *instance, method, path string, body any) call {
	return call{method: method, url: i.url(0) + "/v1/" + path, header: "X-Vault-Token", token: i.token, body: body}
}
