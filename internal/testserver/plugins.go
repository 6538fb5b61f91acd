package testserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pluginDir is the folder of plugins in the data folder of a Vault server.
const pluginDir = "plugins"

// plugins are the binaries that a Vault server may run, by their name.
type plugins map[string]string

func vaultPlugins(tb testing.TB, names []string) plugins {
	tb.Helper()
	all := make(plugins, len(names))
	for _, name := range names {
		all[name] = Binary(tb, name)
	}
	return all
}

// place puts the plugins where the server looks for them. Vault takes no
// symbolic link that leads out of its folder.
func (p plugins) place(i *instance) error {
	for name, binary := range p {
		target := filepath.Join(i.path(pluginDir), name)
		if _, err := os.Stat(target); err == nil {
			continue
		}
		if err := os.Link(binary, target); err == nil {
			continue
		}
		if err := copyFile(binary, target); err != nil {
			return fmt.Errorf("placing plugin %s: %w", name, err)
		}
	}
	return nil
}

// copyFile copies an executable to another file system.
func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o700)
}

// register makes the plugins known to the server.
func (p plugins) register(ctx context.Context, i *instance) error {
	for name, binary := range p {
		sum, err := fileSum(binary)
		if err != nil {
			return fmt.Errorf("registering plugin %s: %w", name, err)
		}
		kind := "database"
		if strings.Contains(name, "auth") {
			kind = "auth"
		}
		entry := map[string]string{"sha256": sum, "command": name}
		if err := vaultCall(i, http.MethodPut, "sys/plugins/catalog/"+kind+"/"+name, entry).do(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

func fileSum(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
