package bench

import (
	"fmt"
	"io"
	"net/http"
)

// followConsul writes the value of one key at each change, by blocking queries.
func followConsul(address, key, output string) error {
	for index := "0"; ; {
		resp, err := http.Get(fmt.Sprintf("http://%s/v1/kv/%s?raw&index=%s", address, key, index))
		if err != nil {
			return err
		}
		value, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("asking for %s: %s", key, resp.Status)
		}
		if err := writeValue(output, key, value); err != nil {
			return err
		}
		index = resp.Header.Get("X-Consul-Index")
	}
}
