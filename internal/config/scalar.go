package config

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"concierge/secrets"
)

// complaint is why a value is refused, and what to write instead. The zero
// value is none.
type complaint struct{ reason, hint string }

// setText sets a scalar from its text: the one place that knows how values are
// written, whether in a file, a flag or a variable. Relative paths are taken
// from base.
func setText(v reflect.Value, f field, text, base string) complaint {
	switch v.Type() {
	case durationType:
		return setDuration(v, f, text)
	case modeType:
		return setMode(v, text)
	case signalType:
		sig, ok := ParseSignal(text)
		v.SetInt(int64(sig))
		if !ok {
			return complaint{"is not a signal", "write a name such as HUP or TERM, or a number from 1 to 64"}
		}
		return complaint{}
	case textType:
		v.Set(reflect.ValueOf(secrets.NewText(text)))
		return complaint{}
	}
	switch v.Kind() {
	case reflect.Bool:
		return setBool(v, text)
	case reflect.Int:
		return setNumber(v, f, text)
	}
	return setString(v, f, text, base)
}

func setString(v reflect.Value, f field, text, base string) complaint {
	if len(f.enum) > 0 && !slices.Contains(f.enum, text) {
		return complaint{"is not one of " + strings.Join(f.enum, ", "), suggest(text, f.enum)}
	}
	if strings.ContainsRune(text, 0) {
		return complaint{"has a NUL character", "remove it"}
	}
	if f.file && text != "" && !filepath.IsAbs(text) {
		slash := strings.HasSuffix(text, "/")
		text = filepath.Join(base, text)
		if slash {
			text += "/" // kept, because it names a directory
		}
	}
	v.SetString(text)
	return complaint{}
}

func setBool(v reflect.Value, text string) complaint {
	if text != "true" && text != "false" {
		return complaint{"is neither true nor false", "write true or false"}
	}
	v.SetBool(text == "true")
	return complaint{}
}

// setNumber reads a count, which is never negative.
func setNumber(v reflect.Value, f field, text string) complaint {
	n, err := strconv.ParseUint(text, 10, 31)
	switch {
	case err != nil:
		return complaint{"is not a number", "write digits only, for example 10"}
	case n == 0 && f.count:
		return complaint{"is zero, which would not say whether it means at once or never", "write 1 or more, or remove the line for the default"}
	}
	if n == 0 && f.count {
		return complaint{"is zero, which would not say whether it means at once or never", "write 1 or more, or remove the line for the default"}
	}
	v.SetInt(int64(n))
	return complaint{}
}

func setDuration(v reflect.Value, f field, text string) complaint {
	d, err := time.ParseDuration(text)
	if _, numErr := strconv.ParseFloat(text, 64); numErr == nil && text != "0" {
		return complaint{"is a duration without a unit", fmt.Sprintf("write %ss for seconds", text)}
	}
	switch {
	case err != nil:
		return complaint{"is not a duration", "write for example 500ms, 10s, 5m or 24h"}
	case strings.HasPrefix(text, "+"):
		return complaint{"begins with a sign", "remove the +"}
	case strings.HasPrefix(text, "-"):
		return complaint{"is negative", "write for example 500ms, 10s, 5m or 24h"}
	case d == 0 && !f.zero:
		return complaint{"is zero, which would not mean never", "write a long time such as 8760h for never, or remove the line for the default"}
	}
	v.SetInt(int64(d))
	return complaint{}
}

// setMode reads permissions in octal. A plain number without a leading zero is
// refused by the decoder before, because YAML takes it for a decimal number.
func setMode(v reflect.Value, text string) complaint {
	digits := strings.TrimPrefix(text, "0o")
	n, err := strconv.ParseUint(digits, 8, 32)
	switch {
	case err != nil || len(digits) < 3 || len(digits) > 4:
		return complaint{"is not an octal mode", `write three or four octal digits in quotes, for example "0640"`}
	case n > uint64(fs.ModePerm):
		return complaint{"has bits besides read, write and execute", `write a mode up to "0777"`}
	case n == 0:
		return complaint{"lets nobody read the file", "remove the line to keep the mode of the existing file"}
	}
	v.SetUint(n)
	return complaint{}
}
