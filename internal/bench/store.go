package bench

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// store is where the keys are. Calls block until the store has accepted the
// values, and are never made concurrently.
type store interface {
	// name is "Consul", "etcd", "file" or "Vault".
	name() string
	// address is what a contender's flag takes for the scenario.
	address(scenario) string
	// fill sets all keys under the prefix of n keys.
	fill(ctx context.Context, n int) error
	// put sets key i of n.
	put(ctx context.Context, n, i int, value string) error
}

// perTransaction is how many keys one transaction sets; Consul and etcd take
// no more than 128.
const perTransaction = 64

// batches cuts the keys 0 to n-1 into parts of one transaction each.
func batches(n int) [][]int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return slices.Collect(slices.Chunk(all, perTransaction))
}

func initialValue(i int) string { return fmt.Sprintf("initial-%05d", i) }

// send makes one request with a body and wants a good answer.
func send(ctx context.Context, method, url string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	return do(req)
}

// do reads the body of the answer whole, so that the connection is used again.
func do(req *http.Request) error {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reading the answer to %s %s: %w", req.Method, req.URL, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s: %s", req.Method, req.URL, resp.Status, bytes.TrimSpace(answer))
	}
	return nil
}

func sendJSON(ctx context.Context, method, url string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return send(ctx, method, url, text)
}

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
