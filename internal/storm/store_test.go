package storm

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"concierge/internal/testserver"
)

// store is where versions come from.
type store struct {
	source map[string]any // the section sources of the configuration
	// put replaces all keys in one step.
	put func(keys) error
}

// document is a local file with all keys.
func document(t *testing.T) store {
	path := filepath.Join(t.TempDir(), "kv.json")
	return store{
		source: map[string]any{"file": map[string]any{"path": path}},
		put: func(k keys) error {
			text, err := json.Marshal(k)
			if err != nil {
				return err
			}
			if err := os.WriteFile(path+"~", text, 0o600); err != nil {
				return err
			}
			return os.Rename(path+"~", path)
		},
	}
}

// etcd is a real one, where each version is a transaction.
func etcd(t *testing.T) store {
	t.Helper()
	server := testserver.Etcd(t)
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Addr}, DialTimeout: 5 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	prefix := testserver.Prefix(t)
	return store{
		source: map[string]any{"etcd": map[string]any{"endpoints": []string{server.Addr}, "prefix": prefix}},
		put: func(k keys) error {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			var all []clientv3.Op
			for name, value := range k {
				all = append(all, clientv3.OpPut(prefix+name, value))
			}
			_, err := client.Txn(ctx).Then(all...).Commit()
			return err
		},
	}
}
