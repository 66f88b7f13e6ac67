package okr

import (
	"encoding/binary"
	"math/big"
	"math/bits"

	"github.com/shopspring/decimal"
)

// quotientDigits is how many decimals a quotient is kept to. With values of 18 digits before the
// point and means of 18 after it, no value short of the target rounds to 1, nor one beyond the start to 0.
const quotientDigits = 40

// fraction is (v − a) / (b − a), raw: below 0 and above 1 as it comes. Not valid when a = b.
func fraction(a, b, v decimal.Decimal) decimal.NullDecimal {
	if over, under, ok := machineWords(a, b, v); ok {
		if under == 0 {
			return decimal.NullDecimal{}
		}
		return decimal.NewNullDecimal(quotient(over, under))
	}
	span := b.Sub(a)
	if span.IsZero() {
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(v.Sub(a).DivRound(span, quotientDigits))
}

// machineWords are v − a and b − a in units of the last place that any of the three has, where both
// fit into a machine's word, as nearly all values of key results do.
func machineWords(a, b, v decimal.Decimal) (over, under int64, ok bool) {
	place := min(a.Exponent(), b.Exponent(), v.Exponent())
	var whole [3]int64
	for i, d := range [...]decimal.Decimal{a, b, v} {
		// The exponent is looked at first: it can be beyond what an int holds together with the digits.
		up := int64(d.Exponent()) - int64(place)
		if up > maxWhole || d.NumDigits()+int(up) > maxWhole {
			return 0, 0, false
		}
		whole[i] = d.CoefficientInt64() * powers[up]
	}
	return whole[2] - whole[0], whole[1] - whole[0], true
}

// powers are the powers of ten that a machine's word holds.
var powers = func() (p [maxWhole + 1]int64) {
	p[0] = 1
	for i := range maxWhole {
		p[i+1] = 10 * p[i]
	}
	return p
}()

// quotientUnit is 10^quotientDigits, the lowest word first.
var quotientUnit = func() [3]uint64 {
	var raw [24]byte
	new(big.Int).Exp(big.NewInt(10), big.NewInt(quotientDigits), nil).FillBytes(raw[:])
	return [3]uint64{binary.BigEndian.Uint64(raw[16:]), binary.BigEndian.Uint64(raw[8:]), binary.BigEndian.Uint64(raw[:])}
}()

// quotient is over / under as DivRound computes it, several times as fast: multiplied and divided
// word by word, as one does it on paper.
func quotient(over, under int64) decimal.Decimal {
	n, d := magnitude(over), magnitude(under)
	var words [4]uint64
	for i, unit := range quotientUnit {
		high, low := bits.Mul64(n, unit)
		var carry uint64
		words[i], carry = bits.Add64(words[i], low, 0)
		words[i+1] = high + carry // below 2^64: n has 61 bits
	}
	var rest uint64
	for i := len(words) - 1; i >= 0; i-- {
		words[i], rest = bits.Div64(rest, words[i], d)
	}
	if rest >= d-rest {
		carry := uint64(1)
		for i := range words {
			words[i], carry = bits.Add64(words[i], 0, carry)
		}
	}
	var raw [32]byte
	for i, w := range words {
		binary.BigEndian.PutUint64(raw[8*(len(words)-1-i):], w)
	}
	var q big.Int
	q.SetBytes(raw[:])
	if (over < 0) != (under < 0) {
		q.Neg(&q)
	}
	return decimal.NewFromBigInt(&q, -quotientDigits)
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}
