package servicenow

import (
	"context"

	"github.com/shopspring/decimal"

	"okrbot/integrations"
	"okrbot/integrations/wire"
)

// What the wire tells, in our sentences.

func number(v any) (d decimal.NullDecimal, asRead string, problem *integrations.Error) {
	d, asRead, cause := wire.Number(v)
	return d, asRead, told(cause)
}

func strict(body []byte) (any, *integrations.Error) {
	v, cause := wire.Strict(body)
	return v, told(cause)
}

func (c *Client) reach(ctx context.Context, origin string) (address, secure *integrations.Error) {
	a, s := wire.Reach(ctx, c.http, origin)
	return told(a), told(s)
}

func unreached(err error) *integrations.Error { return say(wire.Unreached(err)) }

func cutShort(err error) *integrations.Error { return say(wire.CutShort(err)) }

// told is the error of a cause, and none where there is no cause.
func told(cause string) *integrations.Error {
	if cause == "" {
		return nil
	}
	return say(cause)
}
