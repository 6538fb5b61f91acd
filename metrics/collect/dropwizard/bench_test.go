package dropwizard_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/go-faster/jx"

	"concierge/metrics"
	"concierge/metrics/collect/dropwizard"
	"concierge/metrics/fixture"
)

// BenchmarkAppend reads 34,000 numbers.
func BenchmarkAppend(b *testing.B) {
	text := fixture.Dropwizard(1000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var samples []metrics.Sample
	var p dropwizard.Parser
	report := fixture.CPU(b)
	for b.Loop() {
		var err error
		if samples, err = p.Append(samples[:0], text); err != nil || len(samples) < 34_000 {
			b.Fatalf("%d samples, %v", len(samples), err)
		}
	}
	report()
}

// BenchmarkJX is the least that a reader made of go-faster/jx has to do: it
// finds the numbers and makes none of their strings.
func BenchmarkJX(b *testing.B) {
	text := []byte(fixture.Dropwizard(1000))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	d, n := jx.DecodeBytes(text), 0
	number := func(d *jx.Decoder, _ []byte) error {
		if d.Next() != jx.Number {
			return d.Skip()
		}
		written, err := d.Num()
		if err == nil {
			_, _ = strconv.ParseFloat(string(written), 64)
			n++
		}
		return err
	}
	metric := func(d *jx.Decoder, _ []byte) error { return d.ObjBytes(number) }
	report := fixture.CPU(b)
	for b.Loop() {
		n = 0
		d.ResetBytes(text)
		err := d.ObjBytes(func(d *jx.Decoder, _ []byte) error {
			if d.Next() != jx.Object {
				return d.Skip()
			}
			return d.ObjBytes(metric)
		})
		if err != nil || n < 34_000 {
			b.Fatalf("%d numbers, %v", n, err)
		}
	}
	report()
}

// BenchmarkGenericMap reads the same into the map that encoding/json makes.
func BenchmarkGenericMap(b *testing.B) {
	text := fixture.Dropwizard(1000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	report := fixture.CPU(b)
	for b.Loop() {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber() // as a float, 1e400 is an error
		var document map[string]any
		if err := d.Decode(&document); err != nil || len(document) != 6 {
			b.Fatalf("%d members, %v", len(document), err)
		}
	}
	report()
}
