package otlp

import (
	"math"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"concierge/metrics"
)

// The messages of metrics are written by hand, field by field: as the official
// types 34,000 points would take 30 MB or, with objects that are used again, four
// times the processor time. The official types read them in the tests, and
// write and read everything else.
//
// Field numbers as in opentelemetry/proto/metrics/v1/metrics.proto and
// common/v1/common.proto. They are stable since version 1.
const (
	metricName  protowire.Number = 1
	metricGauge protowire.Number = 5
	metricSum   protowire.Number = 7

	dataPoints     protowire.Number = 1 // of Gauge and Sum
	sumTemporality protowire.Number = 2
	sumMonotonic   protowire.Number = 3

	pointStart      protowire.Number = 2
	pointTime       protowire.Number = 3
	pointDouble     protowire.Number = 4
	pointAttributes protowire.Number = 7

	pairKey     protowire.Number = 1 // of KeyValue
	pairValue   protowire.Number = 2
	valueString protowire.Number = 1 // of AnyValue

	cumulative = 2 // AGGREGATION_TEMPORALITY_CUMULATIVE
)

// fixedSize is that of a field of eight bytes, with the tag of a number below 16.
const fixedSize = 1 + 8

// sizeOf is the size of a field of n bytes, with its tag and its length.
func sizeOf(n int) int { return 1 + protowire.SizeBytes(n) }

// appendHead appends the tag and the length of a field of n bytes.
func appendHead(b []byte, number protowire.Number, n int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.BytesType), uint64(n))
}

func appendText(b []byte, number protowire.Number, text string) []byte {
	return append(appendHead(b, number, len(text)), text...)
}

func appendFixed(b []byte, number protowire.Number, v uint64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, number, protowire.Fixed64Type), v)
}

func appendNumber(b []byte, number protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), v)
}

// appendPoint appends a NumberDataPoint as a field of its metric; since is left
// out if it is 0.
func appendPoint(b []byte, s *metrics.Sample, at, since uint64) []byte {
	b = appendHead(b, dataPoints, pointSize(s, since))
	if since != 0 {
		b = appendFixed(b, pointStart, since)
	}
	b = appendFixed(b, pointTime, at)
	b = appendFixed(b, pointDouble, math.Float64bits(s.Value))
	for i := range s.Labels {
		name, value := valid(s.Labels[i].Name), valid(s.Labels[i].Value)
		b = appendHead(b, pointAttributes, pairSize(name, value))
		b = appendText(b, pairKey, name)
		b = appendHead(b, pairValue, sizeOf(len(value)))
		b = appendText(b, valueString, value)
	}
	return b
}

func pointSize(s *metrics.Sample, since uint64) int {
	size := 2 * fixedSize
	if since != 0 {
		size += fixedSize
	}
	for i := range s.Labels {
		size += sizeOf(pairSize(valid(s.Labels[i].Name), valid(s.Labels[i].Value)))
	}
	return size
}

func pairSize(name, value string) int {
	return sizeOf(len(name)) + sizeOf(sizeOf(len(value)))
}

// valid is text as protobuf demands it: one wrong byte and a server refuses the
// whole request.
func valid(text string) string { return strings.ToValidUTF8(text, "\ufffd") }
