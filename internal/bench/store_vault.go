package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// vaultStore is a Vault server with KV version 2 mounted at secret/. Each key
// is a secret with one field, "value".
type vaultStore struct{ url, root string }

func (vaultStore) name() string { return "Vault" }

func (v vaultStore) address(scenario) string { return v.url }

func (v vaultStore) token() string { return v.root }

func (v vaultStore) fill(ctx context.Context, n int) error {
	for i := range n {
		if err := v.put(ctx, n, i, initialValue(i)); err != nil {
			return fmt.Errorf("filling Vault with %d secrets: %w", n, err)
		}
	}
	return nil
}

func (v vaultStore) put(ctx context.Context, n, i int, value string) error {
	text, err := json.Marshal(map[string]any{"data": map[string]string{"value": value}})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url+"/v1/secret/data/"+keyPath(n, i), bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("X-Vault-Token", v.root)
	return do(req)
}
