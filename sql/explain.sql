-- What a program's views cost: which parts are shared, which are maintained, and why others are not.
\pset null -
SELECT adama.deploy('shop', $program$
record Item {
  public int id;
  public string name;
  public int price;
  principal owner;
  viewer_is<owner> int cost;
  private int hidden;
  policy is_owner { return @who == owner; }
  use_policy<is_owner> string note;
  public formula with_tax = price * 2;
  index owner;
}
record Secret { public int n; require may; policy may { return @who == boss; } }
table<Item> _items;
table<Secret> _secrets;
public int margin = 3;
principal boss;
view int least;
view bool is_wide;
filter wide { return is_wide; }
policy is_boss { return @who == boss; }
function is_dear(int price) -> bool { return price > 1000; }
procedure walk() -> int readonly { int n = 0; foreach (i in iterate _items) { n += i.price; } return n; }
public formula all = iterate _items;
public formula in_order = iterate _items where price > margin order by name desc, price;
public formula first = iterate _items order by price limit 5;
public formula names = (iterate _items order by price).name;
public formula n = (iterate _items where price > margin).size();
public formula total = (iterate _items).price.sum();
public formula share = total.getOrDefaultTo(0) * margin;
public formula one = _items[7].price;
public formula doubled = margin * 2;
public formula dear = iterate _items where is_dear(price);
public formula dear_total = (iterate _items where is_dear(price)).price.sum();
public formula backwards = (iterate _items
  order by price).reverse();
public formula others = iterate _items where price > _items.size();
public formula walked = walk();
public formula now = Time.now() > 5L;
public formula secrets = iterate _secrets;
use_policy<is_boss> formula books = (iterate _items).cost.average();
bubble mine = iterate _items where owner == @who;
bubble least_first = iterate _items where price >= @viewer.least && owner == @who limit 3;
bubble<| wide> more = margin + @viewer.least;
$program$);
SELECT part, kind, shared, upkeep, how, line FROM adama.explain('shop');
SELECT part, private_because, reads FROM adama.explain('shop') WHERE private_because IS NOT NULL OR reads IS NOT NULL;
-- for the owner only
CREATE ROLE looks_at_shop;
GRANT USAGE ON SCHEMA shop TO looks_at_shop;
SET ROLE looks_at_shop;
SELECT * FROM adama.explain('shop');
RESET ROLE;
SELECT * FROM adama.explain('nowhere');
DROP SCHEMA shop CASCADE;
DROP ROLE looks_at_shop;
