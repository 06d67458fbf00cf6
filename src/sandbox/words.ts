import { hash, pick } from './chance.js';

/** The same made-up company for the same number. */
export function company(number: number): string {
  const first = pick(firsts, hash(7, number, 0));
  const second = pick(seconds, hash(7, number, 1));
  return `${first} ${second}`;
}

/** What a collector means to do, by the action that Invoiced knows it as. */
export function collectionTask(action: string, customer: number, invoice: number): string {
  const verb = verbs[action] ?? 'Approve for';
  return `${verb} ${company(customer)} about invoice ${invoice}`;
}

export const collectionActions = ['phone', 'email', 'letter', 'review'] as const;

const verbs: Readonly<Record<string, string>> = {
  phone: 'Call',
  email: 'Email',
  letter: 'Write to',
  review: 'Review',
};

const firsts = [
  'Acme',
  'Alder',
  'Birch',
  'Bluebird',
  'Cedar',
  'Copper',
  'Eastgate',
  'Fern',
  'Granite',
  'Harbor',
  'Ibis',
  'Juniper',
  'Kestrel',
  'Lantern',
  'Maple',
  'Northway',
  'Orchard',
  'Pebble',
  'Quarry',
  'Riverside',
  'Saffron',
  'Tallow',
  'Umber',
  'Vega',
  'Willow',
  'Zephyr',
] as const;

const seconds = [
  'Bakery',
  'Books',
  'Builders',
  'Clinic',
  'Dental',
  'Farms',
  'Foods',
  'Freight',
  'Gardens',
  'Glass',
  'Labs',
  'Legal',
  'Logistics',
  'Motors',
  'Outfitters',
  'Paper',
  'Partners',
  'Pharmacy',
  'Print',
  'Roofing',
  'Studios',
  'Supply',
  'Textiles',
  'Tools',
  'Travel',
] as const;

/** A service that a small firm bills by the hour. */
export function service(number: number): { readonly name: string; readonly description: string } {
  const work = pick(works, hash(11, number, 0));
  const customer = company(hash(11, number, 1));
  return { name: `${work} for ${customer}`, description: `${work}, as agreed with ${customer}` };
}

const works = [
  'Bookkeeping',
  'Copywriting',
  'Data cleaning',
  'Design review',
  'Interior design',
  'Market research',
  'Photo retouching',
  'Site survey',
  'Tax advice',
  'Training',
  'Translation',
  'Web design',
] as const;
