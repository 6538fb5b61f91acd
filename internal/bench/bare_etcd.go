package bench

import (
	"context"
	"fmt"
	"io"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// followEtcd writes the value of one key at each change, by a watch.
func followEtcd(address, key, output string) error {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{address}})
	if err != nil {
		return err
	}
	ctx := context.Background()
	key = "/" + key
	first, err := client.Get(ctx, key)
	if err != nil {
		return err
	}
	for _, kv := range first.Kvs {
		if err := writeValue(output, key, kv.Value); err != nil {
			return err
		}
	}
	for answer := range client.Watch(ctx, key, clientv3.WithRev(first.Header.Revision+1)) {
		if err := answer.Err(); err != nil {
			return err
		}
		for _, e := range answer.Events {
			if err := writeValue(output, key, e.Kv.Value); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("watching %s: %w", key, io.ErrUnexpectedEOF)
}
