package zabbix

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"concierge/metrics"
)

// An answer of a hostile server may do nothing but fail, and a good one is read
// as it was written.
func FuzzReadFrame(f *testing.F) {
	f.Add([]byte("ZBXD\x01\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Add([]byte("ZBXD\x03\x0a\x00\x00\x00\x02\x00\x00\x00x\x9c\xab\xae\x05\x00\x01u\x00\xf9"))
	f.Add([]byte("ZBXD\x05\xff\xff\xff\xff\xff\xff\xff\xff{}"))
	f.Fuzz(func(t *testing.T, frame []byte) {
		body, err := readFrame(bytes.NewReader(frame))
		if err == nil && len(body) > longestAnswer {
			t.Errorf("%d bytes were taken", len(body))
		}
		if a, err := parseAnswer(body); err == nil && a.Response == "" {
			t.Errorf("%q has no response", body)
		}
	})
}

func FuzzParseInfo(f *testing.F) {
	f.Add("processed: 3; failed: 1; total: 4; seconds spent: 0.000123", 4)
	f.Add("processed: -1; failed: 9223372036854775807; total: 4; seconds spent: NaN", 4)
	f.Fuzz(func(t *testing.T, info string, sent int) {
		v, err := parseInfo(info, sent)
		if err == nil && (v.processed+v.failed != sent || v.processed < 0 || v.failed < 0 || v.spent < 0) {
			t.Errorf("%q of %d became %+v", info, sent, v)
		}
	})
}

// Whatever the names and values are, the request is JSON, and says them as they
// are as far as they are UTF-8 without NUL.
func FuzzPacket(f *testing.F) {
	f.Add("host", "key[\"a,b\"]", "1.5")
	f.Add("h\xff", "\x00\u2028", "\\\"\n\t\r")
	f.Fuzz(func(t *testing.T, host, key, value string) {
		var request struct {
			Data []struct {
				Host, Key, Value string
				Clock, NS        int64
			}
		}
		p := packet{compression: CompressNever}
		p.begin(host, time.Unix(5, 7))
		addText(&p, key, value)
		frame, err := p.end()
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(frame[headerSize:], &request); err != nil {
			t.Fatalf("%v: %s", err, frame)
		}
		for got, want := range map[string]string{request.Data[0].Host: host, request.Data[0].Key: key, request.Data[0].Value: value} {
			if want = replaced(want); got != want {
				t.Errorf("%q arrives as %q", want, got)
			}
		}
	})
}

// replaced has a replacement character for each byte that is not UTF-8, and for
// each NUL.
func replaced(text string) string {
	return strings.ReplaceAll(string([]rune(text)), "\x00", "\uFFFD")
}

// Each bracket that a name brings is inside quotes, so that no name can make a
// key of another shape.
func FuzzKey(f *testing.F) {
	f.Add("a,b", "p99", "l", `v"`)
	f.Add(`\`, `]`, "", "")
	s := shape{prefix: "app"}
	f.Fuzz(func(t *testing.T, name, field, label, value string) {
		m := metrics.Sample{Name: name, Field: field, Group: "timers"}
		key, ok := s.appendKey(nil, &m)
		if !ok {
			return
		}
		params, ok := split(strings.TrimSuffix(strings.TrimPrefix(string(key), "app.timer["), "]"))
		want := []string{name, field}
		if field == "" {
			want = want[:1]
		}
		if !ok || strings.Join(params, "\x00") != strings.Join(want, "\x00") {
			t.Errorf("%q, %q becomes %s, which is %q", name, field, key, params)
		}
		m.Labels = []metrics.Label{{Name: label, Value: value}}
		if key, ok = s.appendKey(nil, &m); ok {
			if params, ok := split(strings.TrimSuffix(strings.TrimPrefix(string(key), "app.series["), "]")); !ok || len(params) != 2 {
				t.Errorf("%q=%q becomes %s, which is %q", label, value, key, params)
			}
		}
	})
}

// split reads the parameters of a key as the server documents it.
func split(text string) (params []string, ok bool) {
	for {
		var p string
		if strings.HasPrefix(text, `"`) {
			end := 1
			for ; end < len(text) && (text[end] != '"' || text[end-1] == '\\'); end++ {
			}
			if end == len(text) {
				return nil, false
			}
			p, text = strings.ReplaceAll(text[1:end], `\"`, `"`), text[end+1:]
		} else {
			end := strings.IndexAny(text, ",")
			if end < 0 {
				end = len(text)
			}
			p, text = text[:end], text[end:]
			if strings.Contains(p, "]") {
				return nil, false
			}
		}
		params = append(params, p)
		if text == "" {
			return params, true
		}
		if text[0] != ',' {
			return nil, false
		}
		text = text[1:]
	}
}

func FuzzDestinations(f *testing.F) {
	f.Add("a;b:10052,[::1]:5, 10.0.0.1")
	f.Add(",;:")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ParseDestinations(text)
		if err != nil {
			return
		}
		for _, nodes := range all {
			if len(nodes) == 0 {
				t.Errorf("%q has a server without address", text)
			}
			for _, node := range nodes {
				if again, err := parseAddress(node); err != nil || again != node {
					t.Errorf("%q has %q, which reads as %q, %v", text, node, again, err)
				}
			}
		}
	})
}

// A number is written so that it reads as the same number, and as JSON's grammar
// of digits, one dot and an exponent has it, which is what items take.
func FuzzNumber(f *testing.F) {
	f.Add(1.5e-7)
	f.Add(-12.0)
	f.Fuzz(func(t *testing.T, v float64) {
		if !isFinite(v) {
			return
		}
		var got float64
		text := appendNumber(nil, &metrics.Sample{Value: v})
		if err := json.Unmarshal(text, &got); err != nil || got != v {
			t.Errorf("%v is written %s, which is %v (%v)", v, text, got, err)
		}
	})
}
