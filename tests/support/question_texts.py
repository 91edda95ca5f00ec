"""Plausible questions about any product or market, all distinct: 319 of each kind, then the same with a number."""

from itertools import islice

UNNAMED = "everyday goods"

_PRODUCT_ASPECTS = (
    "battery life", "warranty cover", "noise level", "cleaning routine", "overall weight", "assembly time",
    "power consumption", "fabric quality", "colour accuracy", "water resistance", "spare parts supply", "shelf life",
    "grip in wet hands", "storage size", "heat tolerance", "scratch protection", "fit for small spaces",
    "packaging waste", "allergy safety", "charging speed", "compatibility with older models", "user manual",
    "carrying comfort", "odour after unpacking", "seam stitching", "replacement filter price", "child lock",
    "surface finish", "travel case",
)  # fmt: skip
_PRODUCT_FRAMES = (
    "How good is the {aspect} of {name}?",
    "What do owners say about {name} and its {aspect}?",
    "Is the {aspect} a reason to return {name}?",
    "Does {name} keep its {aspect} after a year of daily use?",
    "Can I improve the {aspect} with accessories made for {name}?",
    "Which settings or habits affect the {aspect} when using {name}?",
    "Why would a beginner care about the {aspect} on {name}?",
    "Where is the {aspect} documented for {name}?",
    "Should I expect problems with the {aspect} if I buy {name} used?",
    "Who tested {name} for {aspect} independently?",
    "When does the {aspect} of {name} start to matter in practice?",
)
_MARKET_ASPECTS = (
    "entry-level prices", "premium alternatives", "seasonal discounts", "resale values", "sustainability claims",
    "online reviews", "regional availability", "import duties", "new competitors", "store brands",
    "subscription offers", "delivery times", "safety regulations", "energy labels", "repair services",
    "rental options", "gift buyers", "student budgets", "corporate orders", "recycling programmes", "patent disputes",
    "influencer trends", "raw material costs", "counterfeit goods", "loyalty schemes", "trade-in offers",
    "refurbished stock", "market leaders", "customer complaints",
)  # fmt: skip
_MARKET_FRAMES = (
    "How do {aspect} shape the market around {name}?",
    "Which {aspect} should shoppers compare before choosing {name}?",
    "Are {aspect} changing for products like {name} this year?",
    "What role do {aspect} play for buyers who consider {name}?",
    "Do {aspect} favour rivals over {name}?",
    "Where can I follow {aspect} in the category of {name}?",
    "Why have {aspect} become a topic among fans of {name}?",
    "Who benefits from {aspect} when {name} gets cheaper?",
    "Will {aspect} look different once a successor to {name} arrives?",
    "Is it wise to wait for better {aspect} instead of buying {name} now?",
    "Can {aspect} explain the popularity of {name} abroad?",
)
_CHINESE_ASPECTS = (
    "第一次冲泡的水温", "办公室里的简单泡法", "打开以后的保存时间", "夏天高温下的味道", "送给长辈的包装",
    "每天喝的合适数量", "农药残留的检测报告", "春季采摘的新鲜程度", "茶具和杯子的选择", "空腹饮用的身体感受",
    "海外邮寄的费用", "散装和袋装的区别", "苦涩味道的原因", "山区种植的历史", "咖啡因的含量高低",
    "网上假货的识别", "节日促销的折扣", "退货退款的规定", "儿童能否尝试", "搭配点心的吃法",
    "陈年存放的升值", "有机认证的真假", "批发采购的起订量", "香气浓淡的等级", "减肥期间的效果",
    "失眠人群的顾虑", "旅行携带的方便", "冷泡做法的步骤", "专家评审的意见",
)  # fmt: skip
_CHINESE_MARKET_ASPECTS = (
    "今年市场的走势", "头部企业的份额", "新进入者的机会", "年轻消费者的喜好", "线下门店的分布",
    "直播带货的影响", "原料涨价的压力", "出口关税的变化", "地方政府的补贴", "行业标准的更新",
    "二手交易的热度", "会员制度的优惠", "跨境电商的竞争", "包装环保的要求", "节气营销的做法",
    "高端礼品的需求", "农户合作的模式", "旅游体验的结合", "媒体曝光的丑闻", "外国买家的口碑",
    "拍卖会上的纪录", "仓储物流的成本", "小众品种的崛起", "联名款式的销量", "社区团购的低价",
    "投资收藏的风险", "质检机构的名单", "网红推荐的真实性", "老字号的衰落",
)  # fmt: skip
_CHINESE_FRAMES = (
    "{name}{aspect}怎么样？", "谁了解{name}{aspect}？", "{aspect}，{name}好不好？", "为什么关心{name}{aspect}？",
)  # fmt: skip
_CHINESE = {"product": _CHINESE_ASPECTS, "market": _CHINESE_MARKET_ASPECTS}
_FORMS = {"product": (_PRODUCT_ASPECTS, _PRODUCT_FRAMES), "market": (_MARKET_ASPECTS, _MARKET_FRAMES)}


def questions(name: str, kind: str, start: int, count: int) -> list[str]:
    """Return the questions of number `start` to `start + count`; neighbours share neither aspect nor frame."""
    aspects, frames = _FORMS[kind] if not is_chinese(name) else (_CHINESE[kind], _CHINESE_FRAMES)
    return [_question(name, aspects, frames, number) for number in range(start, start + count)]


def is_chinese(name: str) -> bool:
    """Whether a product is to be asked about in Chinese."""
    return any("\u4e00" <= sign <= "\u9fff" for sign in name)


def for_groups(texts: list[str], groups: list[tuple[str, int]], name: str, kind: str) -> dict[str, list[str]]:
    """Deal texts out to groups by their keys; questions about the market name the product in branded groups alone."""
    left = iter(texts)
    dealt = {key: list(islice(left, count)) for key, count in groups}
    if kind == "product":
        return dealt
    return {
        key: [
            text if key.endswith("_branded") else text.replace(name, "同类茶叶" if is_chinese(name) else UNNAMED)
            for text in some
        ]
        for key, some in dealt.items()
    }


def soiled(texts: list[str], name: str) -> list[str]:
    """Turn every fifth text into what a careless model writes; the number of items stays."""
    return [_soiled(texts, index, name) if index % 5 == 4 else text for index, text in enumerate(texts)]


def _soiled(texts: list[str], index: int, name: str) -> str:
    forms = (
        f"{index + 1}. {texts[index]}",
        f"{name} is the best choice for every home.",
        f"- **{texts[index]}**",
        texts[index - 1],
        f"<b>{texts[index]}</b>&nbsp;",
    )
    return forms[index // 5 % len(forms)]


def _question(name: str, aspects: tuple[str, ...], frames: tuple[str, ...], number: int) -> str:
    text = frames[number % len(frames)].format(aspect=aspects[number % len(aspects)], name=name)
    lap = number // (len(aspects) * len(frames))
    return text if lap == 0 else f"{text[:-1]}, seen from angle {lap + 1}?"
