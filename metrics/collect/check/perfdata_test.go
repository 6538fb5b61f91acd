package check_test

import (
	"fmt"
	"strings"
	"testing"

	"concierge/metrics/collect/check"
)

func TestPerfdataIsRead(t *testing.T) {
	for text, want := range map[string]string{
		"load1=0.15;5;10;0":                    "{load1 0.15 0.15  5 10 0 }",
		"/=2643MB;5948;5958;0;5968 /boot=68MB": "{/ 2643 2643 MB 5948 5958 0 5968}{/boot 68 68 MB    }",
		"'C:\\ used %'=15%;@10:20;~:30;;":      "{C:\\ used % 15 15 % @10:20 ~:30  }",
		"'it''s'=1c":                           "{it's 1 1 c    }",
		"time=-1.5e-3s size=+4EB":              "{time -0.0015 -1.5e-3 s    }{size 4 +4 EB    }",
		"unknown=U;1;2 known=1":                "{known 1 1     }",
		"  a=1\n b=2\t":                        "{a 1 1     }{b 2 2     }",
		"":                                     "",
	} {
		if got, err := show(text); got != want || err != nil {
			t.Errorf("%q is %s, %v; want %s", text, got, err, want)
		}
	}
}

func TestPerfdataThatCannotBeReadHarmsNoOther(t *testing.T) {
	for _, bad := range []string{"word", "=1", "a=", "a=x", "a=1,5", "a=1x2", "'a=1", "''=1", "'a'b=1", "a'b=1", "a=0x10", "a=1;2;3;4;5=6 x"} {
		got, err := show("first=1 " + bad + " last=2")
		if !strings.Contains(got, "{first 1 1     }") || err == nil && bad != "a=1;2;3;4;5=6 x" {
			t.Errorf("%q: %s, %v", bad, got, err)
		}
		if !strings.HasSuffix(got, "{last 2 2     }") && !strings.HasPrefix(bad, "'a=") {
			t.Errorf("%q: the value behind it is lost: %s", bad, got)
		}
	}
}

func TestNoMorePerfdataThanAskedFor(t *testing.T) {
	if all, _ := check.ParsePerf(strings.Repeat("a=1 ", 100), 7); len(all) != 7 {
		t.Errorf("%d values, want 7", len(all))
	}
}

func show(text string) (string, error) {
	all, err := check.ParsePerf(text, 100)
	var b strings.Builder
	for _, p := range all {
		fmt.Fprint(&b, p)
	}
	return b.String(), err
}

// FuzzParsePerf writes what it read and reads it again.
func FuzzParsePerf(f *testing.F) {
	for _, text := range []string{"a=1", "'a b''c'=-1.5e3ms;1:2;@3;4;5 x=U y=2c", "a=1=2 '", "''''=1", "é=1µs"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, _ := check.ParsePerf(text, 100)
		var b strings.Builder
		for _, p := range all {
			if p.Label == "" || p.Raw == "" {
				t.Fatalf("%q gives %+v", text, p)
			}
			fmt.Fprintf(&b, "'%s'=%s%s;%s;%s;%s;%s ", strings.ReplaceAll(p.Label, "'", "''"), p.Raw, p.Unit, p.Warn, p.Crit, p.Min, p.Max)
		}
		again, err := check.ParsePerf(b.String(), 100)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(all) {
			t.Fatalf("%q is %+v, written %q, which is %+v, %v", text, all, b.String(), again, err)
		}
	})
}
