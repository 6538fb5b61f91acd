package funcs

import (
	"fmt"
	"strconv"
	"time"
)

func timeTable() []Func {
	return []Func{
		{"timestamp", "Time", "[layout]", "The time of this execution in UTC: RFC 3339 unless a Go layout is given, or seconds since 1970 for \"unix\". A template is only executed when its data changed.",
			`{{ timestamp "2006" | len }}`, `4`, timestamp},
	}
}

func timestamp(layout ...string) (string, error) {
	now := time.Now().UTC()
	switch {
	case len(layout) == 0:
		return now.Format(time.RFC3339), nil
	case len(layout) > 1:
		return "", fmt.Errorf("wrong number of arguments, expected 0 or 1, but got %d", len(layout))
	case layout[0] == "unix":
		return strconv.FormatInt(now.Unix(), 10), nil
	}
	return now.Format(layout[0]), nil
}
