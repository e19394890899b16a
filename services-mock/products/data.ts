import { euros } from '../support/money.ts';
import type { Money } from '../support/money.ts';
import { createRandom } from '../support/random.ts';
import type { Random } from '../support/random.ts';
import { userCount } from '../users/data.ts';

export interface Product {
  readonly id: string;
  readonly sku: string;
  readonly name: string;
  readonly price: Money;
  readonly weightGrams: number;
  readonly bulky: boolean;
}

export interface Review {
  readonly id: string;
  readonly productId: string;
  readonly authorId: string;
  readonly rating: number;
  readonly text: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
}

export const productCount = 2_000;

/** The products "1" to "2000"; neighbours come from different ranges. */
export function generateProducts(): Product[] {
  const random = createRandom(2);
  return Array.from({ length: productCount }, (_, index) => {
    const range = at(ranges, index);
    // 10 things, 5 materials and 8 colours make 400 products a range, each once.
    const place = Math.floor(index / ranges.length);
    const [thing, cents, grams] = at(range.things, place);
    const material = at(range.materials, Math.floor(place / 10));
    const colour = at(colours, Math.floor(place / 50));
    const weightGrams = Math.round((grams * random.integer(85, 120)) / 100);
    return {
      id: String(index + 1),
      sku: `${range.code}-${String(place + 1).padStart(4, '0')}`,
      name: `${material} ${thing}, ${colour}`,
      price: euros(Math.round((cents * random.integer(80, 140)) / 10_000) * 100 + 99),
      weightGrams,
      bulky: weightGrams > 15_000,
    };
  });
}

/** Zero to eight reviews a product, oldest first, nobody twice for one product. */
export function generateReviews(): Review[] {
  const random = createRandom(3);
  const reviews: Review[] = [];
  for (let product = 1; product <= productCount; product += 1) {
    for (const authorId of someUsers(random, random.integer(0, 8))) {
      const rating = Math.max(random.integer(1, 5), random.integer(2, 5));
      reviews.push({
        id: String(reviews.length + 1),
        productId: String(product),
        authorId,
        rating,
        text: random.pick(opinions[Math.min(Math.floor(rating / 2), 2)] ?? opinions[0]),
        createdAt: new Date(firstReview + reviews.length * 3_600_000).toISOString(),
      });
    }
  }
  return reviews;
}

function someUsers(random: Random, count: number): Set<string> {
  const ids = new Set<string>();
  while (ids.size < count) ids.add(String(random.integer(1, userCount)));
  return ids;
}

function at<Item>(items: readonly [Item, ...Item[]], index: number): Item {
  return items[index % items.length] ?? items[0];
}

const firstReview = Date.parse('2025-01-02T08:00:00Z');

/** What the shop sells: things with their price in cents and weight in grams. */
interface Range {
  readonly code: string;
  readonly materials: readonly [string, ...string[]];
  readonly things: readonly [Thing, ...Thing[]];
}
type Thing = readonly [name: string, cents: number, grams: number];

const colours = ['white', 'black', 'sage green', 'sky blue', 'brick red', 'mustard', 'sand', 'plum'] as const;

const ranges: readonly [Range, ...Range[]] = [
  {
    code: 'KIT',
    materials: ['Enamel', 'Steel', 'Ceramic', 'Cast iron', 'Copper'],
    things: [
      ['kettle', 3_900, 1_200],
      ['mug', 1_200, 350],
      ['saucepan', 4_500, 1_600],
      ['mixing bowl', 1_900, 800],
      ['baking dish', 2_900, 1_700],
      ['teapot', 3_400, 1_100],
      ['pepper mill', 2_400, 300],
      ['casserole', 8_900, 4_800],
      ['colander', 2_200, 700],
      ['cake tin', 1_700, 500],
    ],
  },
  {
    code: 'GAR',
    materials: ['Zinc', 'Terracotta', 'Larch', 'Wicker', 'Recycled plastic'],
    things: [
      ['watering can', 2_900, 1_300],
      ['plant pot', 1_500, 1_900],
      ['raised bed', 15_900, 24_000],
      ['bird house', 2_700, 1_400],
      ['trug', 3_200, 1_100],
      ['seed tray', 900, 400],
      ['compost bin', 8_900, 17_500],
      ['trellis', 4_400, 5_200],
      ['window box', 2_600, 2_300],
      ['garden bench', 22_900, 31_000],
    ],
  },
  {
    code: 'OFF',
    materials: ['Oak', 'Aluminium', 'Felt', 'Cork', 'Walnut'],
    things: [
      ['desk lamp', 6_900, 1_800],
      ['pen tray', 1_800, 300],
      ['document box', 2_300, 900],
      ['monitor stand', 5_900, 3_100],
      ['standing desk', 48_900, 38_000],
      ['desk pad', 3_300, 600],
      ['letter rack', 2_100, 700],
      ['bookend', 1_900, 1_200],
      ['wall clock', 4_900, 1_000],
      ['card holder', 1_400, 150],
    ],
  },
  {
    code: 'OUT',
    materials: ['Canvas', 'Nylon', 'Waxed cotton', 'Merino', 'Titanium'],
    things: [
      ['rucksack', 11_900, 1_500],
      ['two-person tent', 24_900, 2_900],
      ['sleeping bag', 15_900, 1_400],
      ['camp stool', 4_900, 1_900],
      ['flask', 2_900, 450],
      ['rain cape', 7_900, 600],
      ['lunch box', 1_900, 300],
      ['cool box', 8_900, 5_600],
      ['hammock', 6_900, 900],
      ['picnic rug', 4_400, 1_200],
    ],
  },
  {
    code: 'LIV',
    materials: ['Linen', 'Wool', 'Velvet', 'Rattan', 'Beech'],
    things: [
      ['cushion', 2_900, 700],
      ['armchair', 39_900, 27_000],
      ['floor lamp', 12_900, 6_200],
      ['side table', 9_900, 7_400],
      ['throw', 5_900, 1_300],
      ['storage basket', 3_400, 1_100],
      ['bookcase', 29_900, 42_000],
      ['footstool', 8_400, 4_900],
      ['picture frame', 1_900, 800],
      ['coat stand', 7_900, 6_800],
    ],
  },
];

const opinions: readonly [Opinions, Opinions, Opinions] = [
  ['Broke within a week.', 'Looks nothing like the picture.', 'Smaller than I thought, and scratched.'],
  ['Does its job.', 'Fine for the price, the finish could be better.', 'Took long to arrive, otherwise all right.'],
  ['Exactly what I was looking for.', 'Solid, would buy it again.', 'A present that was very well received.'],
];
type Opinions = readonly [string, ...string[]];
