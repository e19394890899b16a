import { describe, expect, it } from 'vitest';
import { openFeature } from './feature.ts';
import type { TestSubgraph } from './feature.ts';

/** A booking is known by its room and its guest, and these by keys that differ from subgraph to subgraph. */
const rooms: TestSubgraph = {
  sdl: `type Query { booking: Booking bookings: [Booking!]! }
    type Booking @key(fields: "room { id }") { room: Room! nights: Int }
    type Room @key(fields: "id") { id: ID! }`,
  resolvers: {
    Query: {
      booking: () => ({ room: { id: '1' }, nights: 2 }),
      bookings: () => [
        { room: { id: '1' }, nights: 2 },
        { room: { id: '2' }, nights: 3 },
      ],
    },
  },
};
const doors: TestSubgraph = {
  sdl: 'type Room @key(fields: "id") @key(fields: "code") { id: ID! code: String! }',
  resolvers: {
    Room: {
      __resolveReference: ({ id, code }: { id?: string; code?: string }) =>
        id === undefined ? { id: code?.slice(1), code } : { id, code: `r${id}` },
    },
  },
};
const cleaning: TestSubgraph = {
  sdl: `type Booking @key(fields: "room { code }") { room: Room! cleaner: String }
    type Room @key(fields: "code") { code: String! }`,
  resolvers: { Booking: { cleaner: ({ room }: { room: { code: string } }) => `cleans ${room.code}` } },
};

describe("a key composed of another entity's key", () => {
  it('is completed by the subgraph that knows both keys of that entity', async () => {
    const hotel = await openFeature({ rooms, doors, cleaning });
    const { plan, answer, calls } = await hotel.ask('{ bookings { nights cleaner } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. rooms: {bookings{__typename room{__typename id}nights}}
      2. doors, after 1: bookings.@.room {...on Room{code}}
      3. cleaning, after 1 and 2: bookings.@ {...on Booking{cleaner}}"
    `);
    expect(answer).toEqual({
      data: {
        bookings: [
          { nights: 2, cleaner: 'cleans r1' },
          { nights: 3, cleaner: 'cleans r2' },
        ],
      },
    });
    expect(calls).toEqual(['rooms', 'doors', 'cleaning']);
  });

  it('may lead through a second entity whose keys two more subgraphs know', async () => {
    const hotel = await openFeature({
      bookings: {
        sdl: `type Query { booking: Booking } type Booking @key(fields: "room { id }") { room: Room! }
          type Room @key(fields: "id") { id: ID! }`,
        resolvers: { Query: { booking: () => ({ room: { id: '1' } }) } },
      },
      floors: {
        sdl: 'type Room @key(fields: "id") { id: ID! floor: Floor! @shareable } type Floor @key(fields: "id") { id: ID! }',
        resolvers: { Room: { floor: ({ id }: { id: string }) => ({ id: `f${id}` }) } },
      },
      lifts: {
        sdl: 'type Floor @key(fields: "id") @key(fields: "id level") { id: ID! level: Int! }',
        resolvers: { Floor: { level: ({ id }: { id: string }) => Number(id.slice(1)) } },
      },
      porters: {
        sdl: `type Booking @key(fields: "room { id floor { id level } }") { room: Room! @shareable porter: String }
          type Room @key(fields: "id floor { id level }") { id: ID! floor: Floor! @shareable view: String }
          type Floor @key(fields: "id level") { id: ID! level: Int! }`,
        resolvers: {
          Booking: { porter: ({ room }: { room: RoomKey }) => `${room.id} on ${room.floor.level}` },
          Room: { view: ({ id, floor }: RoomKey) => `from ${id} on ${floor.level}` },
        },
      },
    });
    const { plan, answer, calls } = await hotel.ask('{ booking { porter room { view floor { level } } } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. bookings: {booking{__typename room{__typename id}}}
      2. floors, after 1: booking.room {...on Room{floor{__typename id}}}
      3. lifts, after 1 and 2: booking.room.floor {...on Floor{level}}
      4. porters, after 1 and 2 and 3: booking {...on Booking{porter room{view}}}"
    `);
    expect(answer).toEqual({
      data: { booking: { porter: '1 on 1', room: { view: 'from 1 on 1', floor: { level: 1 } } } },
    });
    expect(calls).toEqual(['bookings', 'floors', 'lifts', 'porters']);
  });

  it('may hold a list of them', async () => {
    const shop = await openFeature({
      bundles: {
        sdl: `type Query { bundle: Bundle } type Bundle @key(fields: "products { id }") { products: [Product!]! @shareable }
          type Product @key(fields: "id") { id: ID! }`,
        resolvers: { Query: { bundle: () => ({ products: [{ id: '1' }, { id: '2' }] }) } },
      },
      codes: {
        sdl: 'type Product @key(fields: "id") @key(fields: "id code") { id: ID! code: String! }',
        resolvers: { Product: { code: ({ id }: { id: string }) => `c${id}` } },
      },
      offers: {
        sdl: `type Bundle @key(fields: "products { id code }") { products: [Product!]! @shareable best: Product @shareable }
          type Product @key(fields: "id code") { id: ID! code: String! }`,
        resolvers: { Bundle: { best: ({ products }: { products: object[] }) => products[1] } },
      },
      sales: {
        sdl: `type Bundle @key(fields: "products { code } best { id }") { products: [Product!]! @shareable best: Product @shareable label: String }
          type Product @key(fields: "code") { code: String! @shareable id: ID! }`,
        resolvers: {
          Bundle: {
            label: ({ products, best }: { products: { code: string }[]; best: { id: string } }) =>
              `${products.map(({ code }) => code).join()} best ${best.id}`,
          },
        },
      },
    });
    const { plan, answer, calls } = await shop.ask('{ bundle { label } }');
    expect(plan).toMatchInlineSnapshot(`
      "1. bundles: {bundle{__typename products{__typename id}}}
      2. codes, after 1: bundle.products.@ {...on Product{code}}
      3. offers, after 1 and 2: bundle {...on Bundle{best{id}}}
      4. sales, after 1 and 2 and 3: bundle {...on Bundle{label}}"
    `);
    expect(answer).toEqual({ data: { bundle: { label: 'c1,c2 best 2' } } });
    expect(calls).toEqual(['bundles', 'codes', 'offers', 'sales']);
  });
});

interface RoomKey {
  readonly id: string;
  readonly floor: { readonly level: number };
}
