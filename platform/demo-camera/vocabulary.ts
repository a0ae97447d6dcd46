/**
 * Names of icons; makers that lack one, or call it otherwise, are passed over.
 * @module
 */

/** What the demo camera's photos show, and which artwork shows it; the first named are the most frequent. */
export const CATS_AND_DOGS: Readonly<Record<string, readonly string[]>> = {
  cat: ['cat-face', 'cat', 'grinning-cat', 'grinning-cat-face', 'black-cat'],
  dog: ['dog-face', 'dog', 'poodle', 'guide-dog'],
}

/** What else lies about. */
export const CLUTTER: readonly string[] = [
  ...['alarm-clock', 'amphora', 'artist-palette', 'automobile', 'backpack', 'balloon', 'banana', 'basket'],
  ...[
    'basketball',
    'bathtub',
    'beach-with-umbrella',
    'bed',
    'bicycle',
    'bird',
    'birthday-cake',
    'bone',
    'books',
  ],
  ...[
    'bread',
    'broccoli',
    'broom',
    'bucket',
    'bus',
    'butterfly',
    'cactus',
    'camera',
    'candle',
    'canoe',
    'carrot',
  ],
  ...['chair', 'cheese-wedge', 'cookie', 'couch-and-lamp', 'croissant', 'crown', 'cupcake', 'deciduous-tree'],
  ...[
    'door',
    'dress',
    'drum',
    'duck',
    'egg',
    'evergreen-tree',
    'fallen-leaf',
    'fish',
    'fountain',
    'game-die',
  ],
  ...['glass-of-milk', 'guitar', 'hammer', 'hamster', 'handbag', 'herb', 'hibiscus', 'hot-beverage', 'house'],
  ...['jeans', 'kite', 'laptop', 'light-bulb', 'lotion-bottle', 'mushroom', 'palm-tree', 'pear', 'pizza'],
  ...['potted-plant', 'pretzel', 'puzzle-piece', 'rabbit-face', 'red-apple', 'rock', 'rooster', 'rose'],
  ...['running-shoe', 'scarf', 'skateboard', 'soccer-ball', 'socks', 'sponge', 'strawberry', 'sunflower'],
  ...['t-shirt', 'tangerine', 'teapot', 'teddy-bear', 'telephone', 'television', 'tennis', 'tent', 'toilet'],
  ...['toolbox', 'top-hat', 'trumpet', 'tulip', 'turtle', 'umbrella', 'violin', 'volleyball', 'watermelon'],
  ...['wood', 'wrapped-gift', 'wrench', 'yarn'],
]
